-- The events and purchases of a person are read in order, page by page. With eid in the index there is one way to do that
-- which is best whatever statistics say; before, a plan could walk those of everybody in that order instead.
DROP INDEX events_profile;
CREATE INDEX events_profile ON events (sk, profile, eid);
DROP INDEX purchases_profile;
CREATE INDEX purchases_profile ON purchases (sk, profile, eid);
