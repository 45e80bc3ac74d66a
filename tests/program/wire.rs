//! HTTP as it stands on the wire, for what stands between the program and a server.

use std::io::{self, BufRead};

/// A request or an answer.
pub(crate) struct Message {
    /// The first line and the headers.
    pub(crate) lines: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.lines.iter().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The head with a length in place of chunks, and this in place of what it says of the connection.
    pub(crate) fn head_with(&self, connection: &str) -> Vec<u8> {
        let dropped = ["connection:", "transfer-encoding:", "content-length:", "expect:"];
        let kept =
            self.lines.iter().filter(|line| !dropped.iter().any(|name| line.to_ascii_lowercase().starts_with(name)));
        let mut head: String = kept.map(|line| format!("{line}\r\n")).collect();
        head.push_str(&format!("Content-Length: {}\r\n{connection}\r\n\r\n", self.body.len()));
        head.into_bytes()
    }
}

/// A request or an answer; none where the connection ends.
pub(crate) fn read_message(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut message = Message { lines: Vec::new(), body: Vec::new() };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        message.lines.push(line);
    }
    let is_answer = message.lines.first().is_some_and(|line| line.starts_with("HTTP/"));
    match message.header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => {
            message.body.resize(length, 0);
            reader.read_exact(&mut message.body)?;
        }
        None if message.header("transfer-encoding").is_some() => message.body = read_chunks(reader)?,
        None if is_answer => drop(reader.read_to_end(&mut message.body)?),
        None => {}
    }
    Ok(Some(message))
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length =
            usize::from_str_radix(line.trim().split(';').next().unwrap_or_default(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..length]);
    }
}
