-- Messages of groups that mention people: their LINE IDs are in the body of somebody else's event. Found by erasure.
CREATE INDEX line_inbox_mentions ON line_inbox (sk) WHERE kind = 'message' AND strpos(body, '"mentionees"') > 0;
