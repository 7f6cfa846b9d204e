//! Output with a bound: the head and the tail are kept, the middle's length is told.

use std::collections::VecDeque;

/// What a command printed, standard output and standard error interleaved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The kept text; bytes that are no UTF-8 are replaced. Where the middle is missing, a line says so.
    pub text: String,
    /// All bytes that were printed.
    pub total_bytes: u64,
    /// The bytes of the middle that were not kept.
    pub omitted_bytes: u64,
}

/// Collects output in bounded memory.
#[derive(Debug)]
pub(crate) struct Collector {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Collector {
    pub(crate) fn new(bound: usize) -> Self {
        Self { half: bound / 2, head: Vec::new(), tail: VecDeque::new(), total: 0 }
    }

    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.total += chunk.len() as u64;
        let (head, rest) = chunk.split_at(chunk.len().min(self.half - self.head.len()));
        self.head.extend_from_slice(head);
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    pub(crate) fn finish(self) -> Output {
        let omitted = self.total - (self.head.len() + self.tail.len()) as u64;
        let (head, tail) = (self.head, Vec::from(self.tail));
        let text = if omitted == 0 {
            String::from_utf8_lossy(&[head, tail].concat()).into_owned()
        } else {
            let (head, tail) = (String::from_utf8_lossy(&head), String::from_utf8_lossy(&tail));
            format!("{head}\n[… {omitted} bytes omitted …]\n{tail}")
        };
        Output { text, total_bytes: self.total, omitted_bytes: omitted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(bound: usize, chunks: &[&str]) -> Output {
        let mut collector = Collector::new(bound);
        chunks.iter().for_each(|chunk| collector.push(chunk.as_bytes()));
        collector.finish()
    }

    #[test]
    fn output_within_the_bound_is_kept_whole() {
        let output = collect(8, &["ab", "cdé", "f"]);
        assert_eq!((output.text.as_str(), output.omitted_bytes), ("abcdéf", 0));
    }

    #[test]
    fn of_longer_output_head_and_tail_are_kept_and_the_rest_counted() {
        for chunks in [&["abcdefghij"][..], &["abc", "defg", "h", "ij"], &["a", "bcdefghi", "j"]] {
            let output = collect(4, chunks);
            assert_eq!(output.text, "ab\n[… 6 bytes omitted …]\nij");
            assert_eq!((output.total_bytes, output.omitted_bytes), (10, 6));
        }
    }
}
