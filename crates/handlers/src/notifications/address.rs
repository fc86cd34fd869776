/// An address without the person in it: enough to recognise it by, not enough to write to it.
///
/// `ann@example.com` is `a***@e***.com`, `+33612345678` is `***78`.
pub(super) fn mask(address: &str) -> String {
    let initial = |text: &str| text.chars().next().map_or_else(String::new, |first| format!("{first}***"));
    match address.rsplit_once('@') {
        Some((name, domain)) => {
            let (host, end) = domain.rsplit_once('.').unwrap_or((domain, ""));
            let dot = if end.is_empty() { "" } else { "." };
            format!("{}@{}{dot}{end}", initial(name), initial(host))
        }
        None => {
            let last: Vec<char> = address.chars().rev().take(2).collect();
            let shown = if address.chars().count() > 6 { last.into_iter().rev().collect() } else { String::new() };
            format!("***{shown}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn nobody_can_be_written_to_by_a_mask() {
        for (address, masked) in [
            ("ann@example.com", "a***@e***.com"),
            ("ann.smith@smith-family.co.uk", "a***@s***.uk"),
            ("\"odd@name\"@example.com", "\"***@e***.com"),
            ("élodie@exämple.fr", "é***@e***.fr"),
            ("root@localhost", "r***@l***"),
            ("+33612345678", "***78"),
            ("12345", "***"),
            ("", "***"),
            ("@", "@"),
        ] {
            assert_eq!(mask(address), masked, "{address}");
        }
    }
}
