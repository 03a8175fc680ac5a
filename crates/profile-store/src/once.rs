//! `Idempotency-Key`: a request that comes again within 24 hours is answered as it was, byte for byte, and not done
//! again. Its answer commits with what it tells: there is no moment in which one is there without the other.

use std::any::Any;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use profile_model::{
    AnswerKey, ChangeSet, Decision, KeptAnswer, Loaded, Timestamp, WorkspaceId, oldest_answer,
};
use sha2::{Digest as _, Sha256};

use crate::{Applied, Fault, ProfileStore, Work};

const NONCE_BYTES: usize = 12;

/// An answer on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

type Render = Box<dyn Fn(&dyn Any) -> Option<Told> + Send + Sync>;

/// A request with a key. Cheap to clone.
#[derive(Clone)]
pub struct Once {
    inner: Arc<Inner>,
}

struct Inner {
    key: AnswerKey,
    request: [u8; 32],
    cipher: ChaCha20Poly1305,
    nonce: [u8; NONCE_BYTES],
    render: Render,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Once")
    }
}

impl Once {
    /// A request of `caller` (the id of its API key) with an idempotency key. `request` is a hash of method, path and
    /// body; `render` turns the outcome, of the type that the use case gives, into the answer.
    #[must_use]
    pub fn new<T: 'static>(
        caller: &str,
        key: &str,
        request: [u8; 32],
        render: impl Fn(&T) -> Told + Send + Sync + 'static,
    ) -> Self {
        let seal = digest("seal", caller, key);
        let render = move |outcome: &dyn Any| outcome.downcast_ref::<T>().map(&render);
        Self {
            inner: Arc::new(Inner {
                key: AnswerKey(digest("name", caller, key)),
                request,
                cipher: ChaCha20Poly1305::new(&seal.into()),
                nonce: rand::random(),
                render: Box::new(render),
            }),
        }
    }

    fn seal(&self, told: &Told, at: Timestamp) -> Option<KeptAnswer> {
        let mut sealed = self.inner.nonce.to_vec();
        sealed.extend(self.inner.cipher.encrypt(&Nonce::from(self.inner.nonce), told.body.as_bytes()).ok()?);
        let Inner { key, request, .. } = *self.inner;
        Some(KeptAnswer { key, request, at, status: told.status, sealed_body: sealed })
    }

    /// What was told, or why not: the key came with another request.
    fn open(&self, kept: &KeptAnswer) -> Fault {
        if kept.request != self.inner.request {
            return Fault::KeyReused;
        }
        let read = || {
            let (nonce, body) = kept.sealed_body.split_at_checked(NONCE_BYTES)?;
            let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
            String::from_utf8(self.inner.cipher.decrypt(&Nonce::from(nonce), body).ok()?).ok()
        };
        match read() {
            Some(body) => Fault::Told(Told { status: kept.status, body }),
            None => Fault::Inconsistent("answers.sealed_body".into()),
        }
    }
}

fn digest(purpose: &str, caller: &str, key: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [purpose, caller, key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// What the closure of [`ProfileStore::decide_once`] found.
enum Met<T> {
    Done(T),
    Refused(Fault),
}

impl ProfileStore {
    /// The same store for one request with a key: what it writes commits with its answer, and a request answered
    /// before ends in [`Fault::Told`].
    #[must_use]
    pub fn once(&self, once: Option<Once>) -> Self {
        let mut store = self.clone();
        store.once = once;
        store
    }

    /// Ends a request that was answered before, for use cases with effects ahead of their decision.
    ///
    /// # Errors
    /// [`Fault::Told`], [`Fault::KeyReused`], or when the backend cannot be read.
    pub async fn told_before(&self, workspace: WorkspaceId) -> Result<(), Fault> {
        let Some(once) = &self.once else { return Ok(()) };
        let keys = profile_model::Keys { answer: Some(once.inner.key), ..profile_model::Keys::default() };
        let loaded = self.backend().load(workspace, &keys).await?;
        match loaded.answer.filter(|kept| kept.is_alive(self.now())) {
            Some(kept) => Err(once.open(&kept)),
            None => Ok(()),
        }
    }

    /// As [`ProfileStore::decide`]; a request with a key keeps its answer in the same transaction. `T` is what the use
    /// case gives its caller: the answer is rendered from it alone.
    ///
    /// # Errors
    /// As [`crate::Backend::transact`]; [`Fault::Told`] for a request that was answered before, [`Fault::KeyReused`].
    pub async fn decide_once<T: Send + 'static>(
        &self,
        mut work: Work,
        mut decide: impl FnMut(&Loaded) -> (Decision, T) + Send + 'static,
    ) -> Result<(T, Applied), Fault> {
        let Some(once) = self.once.clone() else { return self.decide(work, decide).await };
        let now = self.now();
        work.keys.answer = Some(once.inner.key);
        let decide = move |loaded: &Loaded| {
            if let Some(kept) = loaded.answer.as_ref().filter(|kept| kept.is_alive(now)) {
                return (Decision::Nothing, Met::Refused(once.open(kept)));
            }
            let (decision, outcome) = decide(loaded);
            let mut change = match decision {
                Decision::NeedMore(keys) => return (Decision::NeedMore(keys), Met::Done(outcome)),
                Decision::Nothing => Box::new(ChangeSet::default()),
                Decision::Write(change) => change,
            };
            let told = (once.inner.render)(&outcome);
            match told.and_then(|told| once.seal(&told, now)) {
                Some(kept) => {
                    change.answer = Some((kept, oldest_answer(now)));
                    (Decision::Write(change), Met::Done(outcome))
                }
                None => (
                    Decision::Nothing,
                    Met::Refused(Fault::Internal("the answer is rendered from another type".into())),
                ),
            }
        };
        // It carries its own dedupe key: after an unknown outcome it may run again.
        match self.decide(work.repeatable(), decide).await? {
            (Met::Done(outcome), applied) => Ok((outcome, applied)),
            (Met::Refused(fault), _) => Err(fault),
        }
    }
}
