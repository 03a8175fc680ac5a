//! Reading the published events and the odd ones (line.md A2, A3, G5, G6, G7).

use super::*;

const USER: &str = "U4af4980629a9b2ed1d3d3ab2c7c2ab9d";

fn read(text: &str) -> Event {
    RawEvent::from_text(text).read()
}
