//! A read of the store: what is lost with a connection is asked again on another.

/// Runs a read, on another connection if the first ones are lost.
macro_rules! read {
    ($self:ident, $counted:ident => $body:expr) => {{
        let mut lost = 0;
        loop {
            let result = async {
                let mut connection = $self.connection().await?;
                let $counted = &mut crate::statement::Counted::new(&mut connection, $self.placement);
                $body.await
            };
            match result.await {
                Err(crate::fault::UnitFault::Lost(_)) if lost < crate::unit::MAX_LOST => {
                    $self.note_lost();
                    $self.counts().again(profile_store::Retry::ConnectionLost);
                    lost += 1;
                }
                result => break result.map_err(|fault| $self.told(fault.into())),
            }
        }
    }};
}

pub(crate) use read;
