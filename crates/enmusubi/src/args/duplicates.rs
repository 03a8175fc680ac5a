//! `duplicates` as typed.

use clap::{Args, Subcommand, ValueEnum};
use profile_model::{DuplicatesBy, DuplicatesRule, KeepBy, KeepOrder};

/// What to do with duplicates.
#[derive(Debug, Subcommand)]
pub(crate) enum DuplicatesCommand {
    /// List groups of profiles that share a value, and what the rule would do with each
    List {
        /// The rule.
        #[command(flatten)]
        rule: Rule,
        /// Most groups to list
        #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Go on behind this value, the last one of the page before
        #[arg(long, value_name = "VALUE")]
        after: Option<String>,
        /// Workspace to look at
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// Merge every group that the rule may merge; the others are parked
    Merge {
        /// The rule.
        #[command(flatten)]
        rule: Rule,
        /// Only count what would be done
        #[arg(long)]
        dry_run: bool,
        /// Workspace to merge in
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// List the groups that wait for a decision
    Parked {
        /// Most groups to list
        #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Go on behind this id, the last one of the page before
        #[arg(long, value_name = "ID")]
        after: Option<String>,
        /// Workspace to look at
        #[arg(long, default_value = "default", value_name = "NAME")]
        workspace: String,
    },
    /// Merge a parked group all the same
    Release(Review),
    /// Never let a rule merge a parked group
    Dismiss(Review),
}

/// Which parked group.
#[derive(Debug, Args)]
pub(crate) struct Review {
    /// Its id, as `parked` shows it
    pub(crate) id: String,
    /// Workspace it is in
    #[arg(long, default_value = "default", value_name = "NAME")]
    pub(crate) workspace: String,
}

/// What makes a group, and who of it stays.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Rule {
    /// The value that they share
    #[arg(long)]
    by: By,
    /// What decides who stays, among those with an external id if there are any
    #[arg(long, default_value = "updated")]
    keep: Keep,
    /// Which end of that order stays
    #[arg(long, default_value = "newest")]
    order: Order,
    /// Merge also where several of a group have an external id
    #[arg(long)]
    merge_identified: bool,
}

impl Rule {
    /// As the store knows it.
    pub(crate) const fn get(self) -> DuplicatesRule {
        DuplicatesRule {
            by: match self.by {
                By::Email => DuplicatesBy::Email,
                By::Phone => DuplicatesBy::Phone,
                By::NativeLineId => DuplicatesBy::NativeLineId,
            },
            keep: match self.keep {
                Keep::Created => KeepBy::Created,
                Keep::Updated => KeepBy::Updated,
                Keep::LastSession => KeepBy::LastSession,
            },
            order: match self.order {
                Order::Newest => KeepOrder::Newest,
                Order::Oldest => KeepOrder::Oldest,
            },
            merge_identified: self.merge_identified,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum By {
    Email,
    Phone,
    NativeLineId,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Keep {
    Created,
    Updated,
    LastSession,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Order {
    Newest,
    Oldest,
}
