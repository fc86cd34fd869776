use std::collections::BTreeSet;
use std::path::Path;

use crate::ALL;

#[test]
fn every_file_of_tables_is_in_the_table_of_contents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tables");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let files: BTreeSet<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let listed: BTreeSet<String> = ALL.iter().map(|model| model.name.to_owned()).collect();
    assert_eq!(files, listed);
    assert_eq!(listed.len(), ALL.len(), "a name is there twice");
}
