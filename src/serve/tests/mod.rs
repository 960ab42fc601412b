mod crowd;
mod idle;
mod pulse;
