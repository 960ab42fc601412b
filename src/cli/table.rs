//! Rows for people: columns as wide as their widest cell.

use super::print::{self, PrintError};

/// Prints a heading and rows. Cells are clean already.
pub(super) fn print<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Result<(), PrintError> {
    let mut all = vec![heading.map(ToOwned::to_owned)];
    all.extend(rows);
    for line in lines(&all) {
        print::line(&line)?;
    }
    Ok(())
}

pub(super) fn lines<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
