mod command;
mod compaction;
mod machine;
mod mention;
mod transcript;
mod usage;
