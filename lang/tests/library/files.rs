//! The files of the module that the examples and cases speak of.

use std::collections::BTreeSet;
use std::sync::Arc;

const FILES: &[(&str, &[u8])] = &[
    ("files/greeting.tmpl", b"Hello ${user.name}, ${ count } new. Cost: $${5}\n"),
    ("files/motd.txt", b"Welcome to the shop.\n"),
    ("files/sub/more.json", b"{\"a\": 1}"),
    ("templates/broken.tmpl", b"one\n${name"),
    ("templates/code.tmpl", b"${upper(name)}"),
    ("templates/index.tmpl", b"${items[0]}"),
    ("templates/script.sh", b"echo ${HOME}\n"),
    ("unicode/logo.bin", &[0xff, 0x00, 0xd8]),
    ("unicode/été.txt", "été".as_bytes()),
];

/// The bytes of a file.
pub(crate) fn read(path: &str) -> Result<Arc<[u8]>, String> {
    let found = FILES.iter().find(|(name, _)| *name == path);
    found.map(|(_, bytes)| Arc::from(*bytes)).ok_or_else(|| "there is no such file".to_owned())
}

/// The names in a directory, folders with `/` behind.
pub(crate) fn list(directory: &str) -> Result<Vec<String>, String> {
    let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    let names: BTreeSet<String> = FILES
        .iter()
        .filter_map(|(path, _)| path.strip_prefix(&prefix))
        .map(|rest| rest.split_once('/').map_or_else(|| rest.to_owned(), |(folder, _)| format!("{folder}/")))
        .collect();
    if names.is_empty() { Err("there is no such directory".to_owned()) } else { Ok(names.into_iter().collect()) }
}
