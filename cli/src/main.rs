//! The `formwork` command: reads arguments, calls the engine, shows what comes of it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is the program that talks to people")]

mod arguments;
mod commands;
mod isolation;
mod logging;
mod output;
mod project;
mod registry;
mod render;
#[cfg(feature = "sandbox")]
mod sandbox;
mod signals;

fn main() {
    // clap's own exit code for a mistake is 2, which means "changes" here.
    let arguments = arguments::Arguments::read().unwrap_or_else(|error| {
        drop(error.print());
        std::process::exit(if error.use_stderr() { commands::FAILED } else { commands::DONE });
    });
    logging::start();
    logging::report_panics();
    let code = commands::run(arguments);
    // Tearing down large tables costs more than some commands do; everything durable is flushed by now.
    std::process::exit(code);
}
