//! A bad network: what passes is split, delayed, stalled, cut and reset.

use std::future::pending;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Numbers that depend on a seed alone.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any number below `most`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % most
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    /// Most bytes that pass at once.
    pub(crate) piece: u64,
    /// Bytes after which a connection is lost, at most.
    pub(crate) life: u64,
    /// Longest pause between two pieces, in microseconds.
    pub(crate) pause: u64,
}

impl Weather {
    /// Everything passes, until it is cut by [`Proxy::cut`].
    pub(crate) const CALM: Self = Self { piece: 1 << 16, life: u64::MAX, pause: 0 };
}

/// Stands between clients and a server; gone with the value.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// How many connections were cut by hand.
    cuts: watch::Sender<u64>,
    stalls: watch::Sender<bool>,
    accepted: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// For a server that listens on another address of this machine than `127.0.0.1`, where the proxy takes the same port:
    /// `localhost` names both.
    pub(crate) async fn start(server: SocketAddr, weather: Weather, seed: u64) -> Self {
        Self::start_at([127, 0, 0, 1], server, weather, seed).await
    }

    /// The same port of any other address.
    pub(crate) async fn start_at(host: [u8; 4], server: SocketAddr, weather: Weather, seed: u64) -> Self {
        let listener = TcpListener::bind((IpAddr::from(host), server.port())).await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((cuts, cut), (stalls, stalled)) = (watch::channel(0), watch::channel(false));
        let accepted = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&accepted);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut dice = Dice::new(seed);
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let dice = Dice::new(dice.below(u64::MAX));
                let (mut cut, mut stalled) = (cut.clone(), stalled.clone());
                cut.mark_unchanged();
                passing.spawn(async move {
                    let passing = pass(client, server, weather, dice, cut);
                    let stalls = async { drop(stalled.wait_for(|stalled| *stalled).await) };
                    tokio::pin!(passing);
                    // Connections stay as they are when nothing passes any more.
                    tokio::select! {
                        () = &mut passing => {}
                        () = stalls => pending().await,
                    }
                });
            }
        });
        Self { address, cuts, stalls, accepted, _tasks: tasks }
    }

    /// Cuts all connections that there are.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on nothing passes, and nobody is told.
    pub(crate) fn stall(&self) {
        self.stalls.send_replace(true);
    }

    /// How many connections there ever were.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    weather: Weather,
    mut dice: Dice,
    mut cut: watch::Receiver<u64>,
) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let life = if weather.life == u64::MAX { u64::MAX } else { dice.below(weather.life) };
    let (up, down) = (Dice::new(dice.below(u64::MAX)), Dice::new(dice.below(u64::MAX)));
    {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        tokio::select! {
            () = direction(&mut from_client, &mut to_server, weather, life, up) => {}
            () = direction(&mut from_server, &mut to_client, weather, life, down) => {}
            _ = cut.changed() => {}
        }
    }
    // Half of the time the end is rude, and half of that after a silence.
    if dice.below(2) == 0 {
        for stream in [&client, &server] {
            let _unsupported = stream.set_zero_linger();
        }
        if dice.below(2) == 0 && weather.pause > 0 {
            tokio::time::sleep(Duration::from_micros(weather.pause * 20)).await;
        }
    }
}

/// Passes bytes on until one side ends or so many have passed.
async fn direction(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    weather: Weather,
    mut life: u64,
    mut dice: Dice,
) {
    let mut piece = vec![0; weather.piece as usize];
    loop {
        let most = if weather.pause > 0 { dice.below(weather.piece) + 1 } else { weather.piece };
        let Ok(count @ 1..) = from.read(&mut piece[..most as usize]).await else { return };
        let passed = (count as u64).min(life) as usize;
        life -= passed as u64;
        if to.write_all(&piece[..passed]).await.is_err() || life == 0 {
            return;
        }
        if weather.pause > 0 && dice.below(4) == 0 {
            tokio::time::sleep(Duration::from_micros(dice.below(weather.pause))).await;
        }
    }
}
