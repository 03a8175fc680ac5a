-- Traces of a LINE ID outside the profile that has it, found by erasure.

-- LINE IDs that profiles had before.
CREATE INDEX journal_before ON journal (json_extract(detail, '$.before'))
    WHERE json_extract(detail, '$.before') IS NOT NULL;

-- Events of groups name people inside their body only.
CREATE INDEX line_inbox_members ON line_inbox (sk) WHERE kind IN ('memberJoined', 'memberLeft');
