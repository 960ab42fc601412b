mod crowd;
mod idle;
