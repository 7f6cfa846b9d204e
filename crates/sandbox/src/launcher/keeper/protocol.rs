//! What squad and a container's process 1 say on the stream of one command.

use std::io;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::launcher::policy::{Enforcement, Outcome, Policy, Verdict};

/// Process 1's last word on a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) verdict: Verdict,
    /// Nothing of the command is left: another may follow.
    pub(crate) clean: bool,
}

impl Word {
    pub(crate) fn not_started(reason: String) -> Self {
        let verdict = Verdict {
            outcome: Outcome::Setup(reason),
            enforcement: Enforcement::Watcher,
            landlock: false,
            measured: Vec::new(),
        };
        Self { verdict, clean: false }
    }
}

/// What comes from process 1.
#[derive(Debug)]
pub(crate) enum Frame {
    Output(Vec<u8>),
    Word(Word),
}

const OUTPUT: u8 = b'O';
const WORD: u8 = b'W';

/// The longest frame, in bytes: more than any piece of output or policy.
const LONGEST: u32 = 16 * 1024 * 1024;

pub(crate) async fn write_request(stream: &mut (impl AsyncWrite + Unpin), policy: &Policy) -> io::Result<()> {
    write_block(stream, &serde_json::to_vec(policy)?).await?;
    stream.flush().await
}

pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Policy> {
    Ok(serde_json::from_slice(&read_block(stream).await?)?)
}

pub(crate) async fn write_frame(stream: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    match frame {
        Frame::Output(piece) => {
            stream.write_u8(OUTPUT).await?;
            write_block(stream, piece).await?;
        }
        Frame::Word(word) => {
            stream.write_u8(WORD).await?;
            write_block(stream, &serde_json::to_vec(word)?).await?;
        }
    }
    stream.flush().await
}

pub(crate) async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let kind = stream.read_u8().await?;
    let block = read_block(stream).await?;
    match kind {
        OUTPUT => Ok(Frame::Output(block)),
        WORD => Ok(Frame::Word(serde_json::from_slice(&block)?)),
        _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}

async fn write_block(stream: &mut (impl AsyncWrite + Unpin), block: &[u8]) -> io::Result<()> {
    stream.write_u32(u32::try_from(block.len()).map_err(io::Error::other)?).await?;
    stream.write_all(block).await
}

async fn read_block(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    if length > LONGEST {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut block = vec![0; length as usize];
    stream.read_exact(&mut block).await?;
    Ok(block)
}
