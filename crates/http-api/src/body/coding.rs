//! Compressed bodies: `Content-Encoding: gzip` (RFC 1952) and `zstd` (RFC 8878).

use std::io;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

/// Codings that are understood, as `Accept-Encoding` names them.
pub(crate) const ACCEPTED: &str = "gzip, zstd";

/// Largest window of a zstd frame, as a power of two: 8 MiB, the bound that RFC 9659 sets for HTTP.
const ZSTD_WINDOW: u32 = 23;

/// Bytes that are unpacked at a time.
const CHUNK: usize = 64 << 10;

/// How the bytes of a body are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Gzip,
    Zstd,
    /// One that we do not read, or several.
    Unknown,
}

/// The coding that the caller names.
pub(crate) fn coding(headers: &HeaderMap) -> Coding {
    let mut named = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && name != "identity");
    match (named.next().as_deref(), named.next()) {
        (None, _) => Coding::Plain,
        (Some("gzip" | "x-gzip"), None) => Coding::Gzip,
        (Some("zstd"), None) => Coding::Zstd,
        _ => Coding::Unknown,
    }
}

/// The body without its coding; what cannot be unpacked ends it with an error that [`is_damaged`] knows. How much comes
/// out is the reader's to bound.
pub(crate) fn unpack(coding: Coding, packed: Body) -> Body {
    let packed = StreamReader::new(packed.into_data_stream().map_err(|error| io::Error::other(Wire(error))));
    match coding {
        Coding::Plain | Coding::Unknown => Body::from_stream(packed.into_inner()),
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            stream(decoder)
        }
        Coding::Zstd => {
            let mut decoder = ZstdDecoder::with_params(packed, &[DParameter::window_log_max(ZSTD_WINDOW)]);
            decoder.multiple_members(true);
            stream(decoder)
        }
    }
}

fn stream(decoder: impl AsyncRead + Send + 'static) -> Body {
    Body::from_stream(ReaderStream::with_capacity(decoder, CHUNK).map_err(|error| {
        match error.downcast::<Wire>() {
            Ok(Wire(wire)) => wire.into_inner(),
            Err(error) => Box::new(Damaged(error)),
        }
    }))
}

/// Whether this error says that the packed bytes are not what the coding wants.
pub(crate) fn is_damaged(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<Damaged>()
}

/// The packed bytes did not come to their end.
#[derive(Debug)]
struct Wire(axum::Error);

/// The packed bytes are none of this coding.
#[derive(Debug)]
struct Damaged(io::Error);

macro_rules! error {
    ($name:ident, $text:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($text)
            }
        }

        impl std::error::Error for $name {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
    };
}

error!(Wire, "the body broke off");
error!(Damaged, "the body cannot be unpacked");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_known_coding_is_read_in_any_case() {
        let named = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::CONTENT_ENCODING, value.parse().unwrap());
            }
            coding(&headers)
        };
        assert_eq!(named(&[]), Coding::Plain);
        assert_eq!(named(&["identity"]), Coding::Plain);
        assert_eq!(named(&["GZIP"]), Coding::Gzip);
        assert_eq!(named(&["x-gzip"]), Coding::Gzip);
        assert_eq!(named(&["identity, zstd "]), Coding::Zstd);
        for several in [&["gzip, zstd"][..], &["gzip", "gzip"], &["br"], &["deflate"]] {
            assert_eq!(named(several), Coding::Unknown);
        }
    }
}
