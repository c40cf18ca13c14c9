//! Frames as QEMU sends them on a stream: the length in four bytes, the highest first,
//! then the frame as on Ethernet.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A frame's two addresses and its type.
pub(in super::super) const HEADER: usize = 14;

/// The longest frame that QEMU passes on, and room to spare.
pub(super) const LONGEST: usize = 72 << 10;

/// The next frame that is one; `None` at the stream's end.
///
/// # Errors
/// If what follows is no frame: then nothing says where the next one begins.
pub(in super::super) async fn read(
    reader: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<Bytes>> {
    loop {
        let length = match reader.read_u32().await {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            length => length? as usize,
        };
        if length > LONGEST {
            let what = format!("a frame of {length} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let mut frame = vec![0; length];
        reader.read_exact(&mut frame).await?;
        // Too short to say for whom it is.
        if length >= HEADER {
            return Ok(Some(frame.into()));
        }
    }
}

pub(in super::super) async fn write(
    writer: &mut (impl AsyncWrite + Unpin),
    frame: &[u8],
) -> io::Result<()> {
    // In one write, since each costs a call of the system.
    let mut bytes = Vec::with_capacity(4 + frame.len());
    bytes.extend_from_slice(&(frame.len() as u32).to_be_bytes());
    bytes.extend_from_slice(frame);
    writer.write_all(&bytes).await
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    fn all(mut bytes: &[u8]) -> (Vec<Bytes>, io::Result<()>) {
        let mut frames = Vec::new();
        loop {
            // Bytes that are there are never waited for.
            match read(&mut bytes).now_or_never().unwrap() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, Ok(())),
                Err(error) => return (frames, Err(error)),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(frames in prop::collection::vec(
            prop::collection::vec(any::<u8>(), HEADER..200), 0..20)
        ) {
            let mut bytes = Vec::new();
            for frame in &frames {
                write(&mut bytes, frame).now_or_never().unwrap().unwrap();
            }
            let (read, ended) = all(&bytes);
            prop_assert!(ended.is_ok());
            prop_assert_eq!(read, frames);
        }

        #[test]
        fn whatever_is_sent_no_frame_is_too_long_or_too_short(
            bytes in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..400)
        ) {
            let (frames, _) = all(&bytes);
            for frame in frames {
                prop_assert!((HEADER..=LONGEST).contains(&frame.len()));
            }
        }
    }

    #[test]
    fn a_frame_that_is_too_long_ends_the_stream_before_any_room_is_made_for_it() {
        let mut bytes = u32::MAX.to_be_bytes().to_vec();
        bytes.extend([0; 64]);
        let (frames, ended) = all(&bytes);
        assert!(frames.is_empty() && ended.is_err());
    }
}
