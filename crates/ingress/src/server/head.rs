/// Reads along with a request's head for what hyper tolerates without a trace: a line that ends
/// in a bare LF, and a body framed in two ways.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// The line's first bytes.
    line: [u8; LONGEST],
    /// How many of them there are yet.
    length: usize,
    last: u8,
    lengths: usize,
    codings: usize,
    bare: bool,
    over: bool,
}

const LONGEST: usize = TRANSFER_ENCODING.len();
const TRANSFER_ENCODING: &[u8] = b"transfer-encoding:";
const CONTENT_LENGTH: &[u8] = b"content-length:";

impl HeadScan {
    /// Takes the bytes as they come; those after the head are passed over, and not even looked at.
    pub(super) fn read(&mut self, mut bytes: &[u8]) {
        while !self.over && !bytes.is_empty() {
            let end = bytes.iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |feed| feed + 1);
            let (piece, rest) = bytes.split_at(end);
            let begin = &piece[..piece.len().min(LONGEST - self.length)];
            self.line[self.length..][..begin.len()].copy_from_slice(begin);
            self.length += begin.len();
            if let Some(text) = piece.strip_suffix(b"\n") {
                self.end_line(*text.last().unwrap_or(&self.last));
            }
            self.last = *piece.last().unwrap_or(&self.last);
            bytes = rest;
        }
    }

    fn end_line(&mut self, last: u8) {
        let line = &self.line[..self.length];
        let named = |name: &[u8]| line.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
        self.bare |= last != b'\r';
        self.over = matches!(line, b"\n" | b"\r\n");
        self.lengths += usize::from(named(CONTENT_LENGTH));
        self.codings += usize::from(named(TRANSFER_ENCODING));
        self.length = 0;
    }

    pub(super) fn is_malformed(&self) -> bool {
        self.bare || self.lengths + self.codings > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_malformed(request: &str) -> bool {
        let mut whole = HeadScan::default();
        whole.read(request.as_bytes());
        let mut bytewise = HeadScan::default();
        request.bytes().for_each(|byte| bytewise.read(&[byte]));
        assert_eq!(whole.is_malformed(), bytewise.is_malformed(), "the cut does not matter: {request:?}");
        whole.is_malformed()
    }

    #[test]
    fn a_body_framed_once_is_well() {
        assert!(!is_malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"));
        assert!(!is_malformed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    }

    #[test]
    fn a_body_framed_twice_is_not() {
        for twice in [
            "Content-Length: 2\r\ncontent-length: 2",
            "Content-Length: 2\r\nTransfer-Encoding: chunked",
            "TRANSFER-ENCODING: chunked\r\nA: b\r\nCONTENT-LENGTH: 2",
        ] {
            assert!(is_malformed(&format!("POST / HTTP/1.1\r\n{twice}\r\n\r\n{{}}")), "{twice}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_malformed_in_the_head_only() {
        assert!(is_malformed("GET / HTTP/1.1\nHost: a\r\n\r\n"));
        assert!(is_malformed("GET / HTTP/1.1\r\nHost: a\n\n"));
        assert!(is_malformed("GET / HTTP/1.1\r\nHost: a\r\n\n"));
        assert!(!is_malformed("POST / HTTP/1.1\r\nContent-Length: 40\r\n\r\n{\n\"content-length:\n\n\": 1}\n"));
    }
}
