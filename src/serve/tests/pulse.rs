use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};

use crate::serve::pulse::{PACE, QUESTIONS, SILENCE, feel};

#[tokio::test]
async fn what_a_port_takes_in_is_asked_for_signs_of_life() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    feel(&port).unwrap();
    let _client = TcpStream::connect(port.local_addr().unwrap()).await.unwrap();
    let (taken, _) = port.accept().await.unwrap();
    assert!(sockopt::socket_keepalive(&taken).unwrap());
    assert_eq!(sockopt::tcp_keepidle(&taken).unwrap(), SILENCE);
    assert_eq!(sockopt::tcp_keepintvl(&taken).unwrap(), PACE);
    assert_eq!(sockopt::tcp_keepcnt(&taken).unwrap(), QUESTIONS);
    #[cfg(target_os = "linux")]
    {
        let untaken = crate::serve::pulse::UNTAKEN;
        assert_eq!(u128::from(sockopt::tcp_user_timeout(&taken).unwrap()), untaken.as_millis());
        assert_eq!(SILENCE + PACE * QUESTIONS, untaken);
    }
}
