//! The customers file: realistic Japanese and English customers, the same bytes for the same seed everywhere.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

/// Rows and name of the committed file.
const ROWS: u64 = 10_000;
const COMMITTED: &str = "fixtures/csv/customers-10000.csv";

/// What to write.
#[derive(Args)]
pub(crate) struct Wanted {
    /// How many customers.
    #[arg(long, default_value_t = ROWS)]
    rows: u64,
    /// To which file.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Writes the file.
pub(crate) fn write(root: &Path, wanted: &Wanted) -> Result<()> {
    let path = wanted.out.clone().unwrap_or_else(|| root.join(COMMITTED));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    generate(wanted.rows, BufWriter::new(file))
}

/// The committed file is what the generator makes.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut made = Vec::new();
    generate(ROWS, &mut made)?;
    let committed = std::fs::read(root.join(COMMITTED)).context(COMMITTED)?;
    ensure!(committed == made, "{COMMITTED} differs from its generator: run `cargo xtask fixtures`");
    Ok(())
}

const HEADER: &[&str] = &[
    "external_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "country",
    "language",
    "gender",
    "dob",
    "home_city",
    "time_zone",
    "email_subscribe",
    "native_line_id",
    "loyalty_points",
    "ltv",
    "tier",
    "newsletter",
    "last_order_at",
    "favourite_store",
    "notes",
];

const JA_LAST: &[&str] =
    &["佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "吉田", "山田"];
const JA_FIRST: &[&str] =
    &["陽葵", "蓮", "結菜", "湊", "葵", "樹", "美咲", "大翔", "さくら", "悠真", "花子", "太郎"];
const JA_CITY: &[&str] = &["東京", "大阪", "名古屋", "札幌", "福岡", "京都", "横浜", "神戸", "仙台", "広島"];
const EN_LAST: &[&str] =
    &["Smith", "Jones", "Taylor", "Brown", "O'Neill", "Walker", "Garcia", "Lee", "Nguyen", "King"];
const EN_FIRST: &[&str] = &["Olivia", "Liam", "Emma", "Noah", "Zoë", "James", "Ava", "Lucas", "Mia", "Ethan"];
const EN_CITY: &[&str] = &["Chicago", "Austin", "New York", "Seattle", "Boston", "Denver"];

/// Writes `rows` customers as CSV.
fn generate(rows: u64, out: impl Write) -> Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(HEADER)?;
    let mut dice = Dice(0x0065_6e6d_7573_7562);
    for number in 0..rows {
        writer.write_record(customer(number, &mut dice))?;
    }
    writer.flush()?;
    Ok(())
}

fn customer(number: u64, dice: &mut Dice) -> Vec<String> {
    let japanese = dice.one_in(10, 7);
    let (first, last, city) = if japanese {
        (dice.pick(JA_FIRST), dice.pick(JA_LAST), dice.pick(JA_CITY))
    } else {
        (dice.pick(EN_FIRST), dice.pick(EN_LAST), dice.pick(EN_CITY))
    };
    let blank = |dice: &mut Dice, percent, value: String| {
        if dice.one_in(100, percent) { String::new() } else { value }
    };
    let email = format!("customer{number}@{}", dice.pick(&["example.com", "example.jp", "mail.example.org"]));
    let phone = if japanese {
        format!("+81{}0{:08}", dice.pick(&["9", "8", "7"]), dice.below(90_000_000) + 10_000_000)
    } else {
        format!("+1312{:03}{:04}", 220 + dice.below(700), dice.below(10_000))
    };
    // Every 50th shares the LINE ID of the customer before it (a family phone, or the same person twice).
    let line = if number % 50 == 49 { number - 1 } else { number };
    let has_line = Dice(line.wrapping_mul(0x9e37_79b9)).one_in(10, 4);
    let line_id = if has_line { line_id(line) } else { String::new() };
    let notes = match dice.below(6) {
        0 => "ギフト包装を希望, のし紙あり".to_owned(),
        1 => "said \"call me after six\"".to_owned(),
        2 => "two lines:\nprefers email".to_owned(),
        _ => String::new(),
    };
    vec![
        format!("cust-{number:07}"),
        first.to_owned(),
        last.to_owned(),
        blank(dice, 10, email),
        blank(dice, 20, phone),
        if japanese { "JP" } else { "US" }.to_owned(),
        if japanese { "ja" } else { "en" }.to_owned(),
        dice.pick(&["F", "M", "O", "N", ""]).to_owned(),
        format!("{}-{:02}-{:02}", 1945 + dice.below(60), 1 + dice.below(12), 1 + dice.below(28)),
        city.to_owned(),
        if japanese { "Asia/Tokyo" } else { "America/Chicago" }.to_owned(),
        dice.pick(&["subscribed", "subscribed", "opted_in", "unsubscribed", ""]).to_owned(),
        line_id,
        dice.below(50_000).to_string(),
        format!("{}.{:02}", dice.below(9_000), dice.below(100)),
        dice.pick(&["gold", "silver", "bronze"]).to_owned(),
        dice.pick(&["true", "false"]).to_owned(),
        format!("2026-{:02}-{:02}T{:02}:30:00Z", 1 + dice.below(10), 1 + dice.below(28), dice.below(24)),
        dice.pick(&["新宿店", "梅田店", "Online", ""]).to_owned(),
        notes,
    ]
}

fn line_id(number: u64) -> String {
    let mut dice = Dice(number ^ 0x004c_494e_4500);
    format!("U{:016x}{:016x}", dice.next(), dice.next())
}

/// SplitMix64: the same numbers in every version of every library.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True for `share` of every `of`.
    fn one_in(&mut self, of: u64, share: u64) -> bool {
        self.below(of) < share
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let place = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_deterministic_and_every_customer_has_an_own_external_id() {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        generate(500, &mut first).unwrap();
        generate(500, &mut second).unwrap();
        assert_eq!(first, second);
        let mut reader = csv::Reader::from_reader(first.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row[0].to_owned()).collect();
        assert_eq!(ids.len(), 500);
        let lines: Vec<_> = rows.iter().map(|row| row[12].to_owned()).filter(|id| !id.is_empty()).collect();
        assert!(lines.iter().all(|id| id.len() == 33 && id.starts_with('U')));
        let distinct: std::collections::BTreeSet<_> = lines.iter().collect();
        assert!(distinct.len() < lines.len(), "some LINE IDs are shared");
    }
}
