//! Puts the page of each diagnostic code into the program, for `formwork explain CODE`.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let pages = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../docs/diagnostics");
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut names: Vec<_> =
        fs::read_dir(&pages)?.collect::<Result<Vec<_>, _>>()?.into_iter().map(|entry| entry.path()).collect();
    names.sort();
    let mut table = String::from("/// Code and page, by code.\npub(crate) const PAGES: &[(&str, &str)] = &[\n");
    for path in names.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let code = path.file_stem().unwrap_or_default().to_string_lossy();
        let path = fs::canonicalize(path)?;
        writeln!(table, "    ({code:?}, include_str!({:?})),", path.to_string_lossy()).map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("pages.rs"), table)
}
