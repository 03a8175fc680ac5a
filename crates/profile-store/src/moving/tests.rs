use super::*;

/// A database in memory whose pages have two rows, and which breaks down at a chosen write.
#[derive(Clone, Debug, Default, PartialEq)]
struct Shelf {
    tables: BTreeMap<&'static str, Vec<Row>>,
    copy: Option<Unfinished>,
    secret: Option<i64>,
    revision: i64,
    writes_left: Option<u32>,
}

#[async_trait]
impl Held for Shelf {
    async fn count(&mut self, table: &'static Table) -> Result<u64, Fault> {
        Ok(self.tables.get(table.name).map_or(0, Vec::len) as u64)
    }

    async fn page(&mut self, table: &'static Table, from: Option<&str>) -> Result<Page, Fault> {
        let from: usize = from.map_or(0, |from| from.parse().unwrap());
        let rows = self.tables.get(table.name).map_or(&[][..], Vec::as_slice);
        let end = (from + 2).min(rows.len());
        let next = (end < rows.len()).then(|| end.to_string());
        Ok(Page { rows: rows[from..end].to_vec(), next })
    }

    async fn revision(&mut self) -> Result<i64, Fault> {
        Ok(self.revision)
    }

    async fn secret_check(&mut self) -> Result<Option<i64>, Fault> {
        Ok(self.secret)
    }

    async fn buckets(&mut self) -> Result<BTreeMap<WorkspaceId, Buckets>, Fault> {
        Ok(BTreeMap::new())
    }

    fn spread(&mut self, _: BTreeMap<WorkspaceId, Buckets>) {}

    async fn unfinished(&mut self) -> Result<Option<Unfinished>, Fault> {
        Ok(self.copy.clone())
    }

    async fn begin(&mut self, copy: &Unfinished) -> Result<(), Fault> {
        self.copy = Some(copy.clone());
        Ok(())
    }

    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &str,
        progress: &str,
    ) -> Result<(), Fault> {
        let copy = self.copy.as_mut().unwrap();
        assert_eq!(copy.progress, before);
        match &mut self.writes_left {
            Some(0) => return Err(Fault::Unavailable("broken down".into())),
            Some(left) => *left -= 1,
            None => {}
        }
        progress.clone_into(&mut copy.progress);
        self.tables.entry(table.name).or_default().extend(rows.iter().cloned());
        Ok(())
    }

    async fn finish(&mut self, revision: i64, secret_check: i64) -> Result<(), Fault> {
        (self.copy, self.revision, self.secret) = (None, revision, Some(secret_check));
        Ok(())
    }

    async fn release(self: Box<Self>) {}
}

/// Five rows in every table; those of shared values with what is not compared at the end.
fn full() -> Shelf {
    let rows = |table: &Table| {
        let cells = table.columns.len() + usize::from(table.has_workspace());
        (0..5).map(|row| (0..cells).map(|cell| Cell::Text(format!("{row} {cell}"))).collect()).collect()
    };
    let tables = TABLES.iter().map(|table| (table.name, rows(table))).collect();
    Shelf { tables, revision: 7, ..Shelf::default() }
}

async fn copy(source: &mut Shelf, target: &mut Shelf) -> Result<Moving, MovingFault> {
    copy_all(source, target, 42, |_| {}).await
}

/// Wherever a copy breaks, the same copy made again ends with every row once.
#[tokio::test]
async fn a_copy_that_broke_at_any_write_goes_on_where_it_stood() {
    let mut broken = 0;
    for writes in 0.. {
        let (mut source, mut target) = (full(), Shelf { writes_left: Some(writes), ..Shelf::default() });
        let first = copy(&mut source, &mut target).await;
        let there: usize = target.tables.values().map(Vec::len).sum();
        if first.is_ok() {
            assert_eq!(target, Shelf { writes_left: target.writes_left, secret: Some(42), ..full() });
            break;
        }
        broken += 1;
        assert!(target.copy.is_some());
        target.writes_left = None;
        let moved = copy(&mut source, &mut target).await.unwrap();
        assert_eq!(moved.resumed, there as u64, "after {writes} writes");
        assert_eq!(target, Shelf { secret: Some(42), ..full() }, "after {writes} writes");
        assert!(moved.tables.iter().all(|table| table.rows == 5) && moved.tables.len() == TABLES.len());
    }
    // A note and three pages for each table.
    assert_eq!(broken, TABLES.len() * 4);
}

#[tokio::test]
async fn what_is_not_the_same_at_the_end_is_named_and_not_finished() {
    let (mut source, mut target) = (full(), Shelf { writes_left: Some(40), ..Shelf::default() });
    copy(&mut source, &mut target).await.unwrap_err();
    target.writes_left = None;
    // Changed in the source after it was copied; the number of rows is the same.
    source.tables.get_mut("profiles").unwrap()[1][3] = Cell::Null;
    let Err(MovingFault::Differs(tables)) = copy(&mut source, &mut target).await else { panic!("the same?") };
    assert_eq!(tables, ["profiles"]);
    assert!(target.copy.is_some());
    // Changed before it was copied on: another source.
    source.tables.get_mut("api_keys").unwrap()[0][7] = Cell::Null;
    assert!(matches!(copy(&mut source, &mut target).await, Err(MovingFault::OtherSource)));
}

#[tokio::test]
async fn a_target_that_is_not_empty_or_has_another_secret_is_left_alone() {
    for (target, told) in [
        (
            Shelf { tables: BTreeMap::from([("journal", vec![vec![Cell::Null]])]), ..Shelf::default() },
            "journal",
        ),
        (Shelf { secret: Some(41), ..Shelf::default() }, "target"),
    ] {
        let mut used = target.clone();
        let refused = copy(&mut full(), &mut used).await.unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
        assert_eq!(used, target);
    }
    let mut source = Shelf { secret: Some(41), ..full() };
    let refused = copy(&mut source, &mut Shelf::default()).await.unwrap_err();
    assert!(refused.to_string().contains("source"), "{refused}");
}

/// The order of rows and what is not compared make no difference; anything else does.
#[tokio::test]
async fn checksums_see_every_cell_and_no_order() {
    let table = table_named("identifiers").unwrap();
    let of = async |rows: Vec<Row>| {
        let mut shelf = Shelf { tables: BTreeMap::from([("identifiers", rows)]), ..Shelf::default() };
        Checksum::of(&mut shelf, table, |_| {}).await.unwrap()
    };
    let text = |text: &str| Cell::Text(text.to_owned());
    let row = |label: &str, value: &str, first: i64| -> Row {
        vec![
            Cell::Number(1),
            Cell::Number(2),
            text(label),
            text(value),
            Cell::Bytes(vec![7; 16]),
            Cell::Number(first),
        ]
    };
    let one = of(vec![row("ab", "c", 0), row("x", "y", 0), row("x", "y", 0)]).await;
    assert_eq!(one, of(vec![row("x", "y", 1), row("ab", "c", 1), row("x", "y", 0)]).await);
    for other in [
        vec![row("a", "bc", 0), row("x", "y", 0), row("x", "y", 0)],
        vec![row("ab", "c", 0), row("x", "y", 0)],
        vec![row("ab", "c", 0), row("ab", "c", 0), row("x", "y", 0)],
        vec![row("ab", "", 0), row("x", "y", 0), row("x", "y", 0)],
    ] {
        assert_ne!(one, of(other).await);
    }
}
