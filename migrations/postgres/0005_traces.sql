-- Traces of a LINE ID outside the profile that has it, found by erasure.

-- LINE IDs that profiles had before.
CREATE INDEX journal_before ON journal (sk, (substring(detail FROM '"before":"([^"]*)"')) COLLATE "C")
    WHERE substring(detail FROM '"before":"([^"]*)"') IS NOT NULL;

-- Events of groups name people inside their body only.
CREATE INDEX line_inbox_members ON line_inbox (sk) WHERE kind IN ('memberJoined', 'memberLeft');
