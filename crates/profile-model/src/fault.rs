//! Why an object of a request was rejected.
