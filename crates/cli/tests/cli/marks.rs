//! Finds what was planted, in whatever spelling it stands in a file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Nobody is called so.
pub(crate) const NAME: &str = "Zyxcanary";
/// And nobody's numbers begin like these: of telephones, and of computers.
pub(crate) const PHONE: &str = "+3399884477";
pub(crate) const IP: &str = "203.0.113.177";

const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];

/// How a mark may stand in a file, beside as it is.
pub(crate) fn spellings(mark: &str) -> Vec<Vec<u8>> {
    let hex: String = mark.bytes().map(|byte| format!("{byte:02x}")).collect();
    let escaped: String = mark.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let mut all = vec![mark.as_bytes().to_vec(), hex.into_bytes(), escaped.into_bytes()];
    all.push(mark.encode_utf16().flat_map(u16::to_le_bytes).collect());
    all.push(mark.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for before in 0..3 {
        let text = [" ".repeat(before).as_bytes(), mark.as_bytes()].concat();
        for spelt in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            // The first and the last characters depend on what stands beside it.
            all.push(spelt.as_bytes()[4..spelt.len() - 3].to_vec());
        }
    }
    all
}

const MARKS: [&str; 3] = [NAME, PHONE, IP];

/// All spellings of all marks in one pass, with the mark of each. Upper and lower case count as the same: that finds too
/// much rather than too little.
static SEARCH: LazyLock<(AhoCorasick, Vec<&str>)> = LazyLock::new(|| {
    let all = MARKS.iter().flat_map(|mark| spellings(mark).into_iter().map(|spelling| (spelling, *mark)));
    let (spellings, marks): (Vec<Vec<u8>>, Vec<&str>) = all.unzip();
    (AhoCorasick::builder().ascii_case_insensitive(true).build(spellings).unwrap(), marks)
});

/// The marks that stand in these bytes, in whatever spelling, packed or not.
pub(crate) fn found_in(bytes: &[u8]) -> BTreeSet<&'static str> {
    let (search, marks) = &*SEARCH;
    let packed = packed(bytes);
    let texts = std::iter::once(bytes).chain(packed.iter().map(Vec::as_slice));
    let found =
        texts.flat_map(|text| search.find_overlapping_iter(text).map(|found| marks[found.pattern().as_usize()]));
    found.collect()
}

/// What is behind every beginning of something packed.
fn packed(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = AhoCorasick::new([GZIP]).unwrap();
    starts.find_iter(bytes).map(|found| found.start()).map(|at| piped("gzip", &["-dcq"], &bytes[at..])).collect()
}

/// What the program makes of it; it may complain of what follows.
fn piped(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    let mut child =
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap().stdout;
    let _ = writing.join();
    output
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The files that hold a mark, and which.
pub(crate) fn marked(folder: &Path) -> Vec<(PathBuf, BTreeSet<&'static str>)> {
    let found = files(folder).into_iter().map(|path| {
        let found = found_in(&std::fs::read(&path).unwrap_or_default());
        (path, found)
    });
    found.filter(|(_, found)| !found.is_empty()).collect()
}

#[test]
fn every_spelling_of_every_mark_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let all = BTreeSet::from([NAME, PHONE, IP]);
    for mark in &all {
        let text = format!("{{\"note\":\"it is {mark} here\"}}");
        let escaped: String = mark.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
        let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
        let spelt = [
            ("plain", text.clone().into_bytes()),
            ("capitals", text.to_uppercase().into_bytes()),
            ("hex", hex.into_bytes()),
            ("escaped", format!("\"{escaped}\"").into_bytes()),
            ("utf16le", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("utf16be", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("base64 0", STANDARD_NO_PAD.encode(&text).into_bytes()),
            ("base64 1", STANDARD_NO_PAD.encode(format!("x{text}")).into_bytes()),
            ("base64 2", URL_SAFE_NO_PAD.encode(format!("xy{text}")).into_bytes()),
            ("gzip", [b"before".to_vec(), piped("gzip", &["-c"], text.as_bytes()), b"after".to_vec()].concat()),
        ];
        for (name, bytes) in spelt {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(marked(folder.path()), [(file.clone(), BTreeSet::from([*mark]))], "{mark} as {name}");
            std::fs::remove_file(file).unwrap();
        }
    }
    std::fs::write(folder.path().join("none"), "Zyxcanar, +339988447, 203.0.113.17").unwrap();
    assert_eq!(marked(folder.path()), []);
}
