//! A job that is followed to its end on the terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

/// How often the job is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How far a job is.
pub(crate) enum Progress<R> {
    /// It goes on.
    Going {
        /// For the bar: in its unit.
        position: u64,
        /// Beside the bar: what was done so far.
        message: String,
        /// What was done when it is left alone now: "interrupted after ..".
        left: String,
    },
    /// It has ended.
    Ended(R),
}

/// A bar of `size`, or one without an end. Draws nothing where stderr is no terminal.
pub(crate) fn bar(size: Option<u64>, form: &str) -> ProgressBar {
    let bar = size.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Waits for the end of a job, whoever works on it: this process, or a running `serve` that was quicker.
///
/// # Errors
/// What the look gives, and on Ctrl-C: the job goes on in a running `serve`.
pub(crate) async fn follow<R>(
    bar: ProgressBar,
    look: impl AsyncFn() -> Result<Progress<R>, Failure>,
) -> Result<R, Failure> {
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let left = match look().await? {
            Progress::Ended(run) => {
                bar.finish_and_clear();
                return Ok(run);
            }
            Progress::Going { position, message, left } => {
                bar.set_position(position);
                bar.set_message(message);
                left
            }
        };
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = &mut interrupted => {
                bar.abandon();
                return Err(Failure::Failed(format!("interrupted {left}; it goes on in a running `serve`")));
            }
        }
    }
}
