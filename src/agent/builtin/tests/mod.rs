mod budget;
mod command;
mod compaction;
mod machine;
mod mention;
mod task;
mod transcript;
mod usage;
