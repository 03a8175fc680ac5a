-- A page of :batch followers whom nobody holds: a profile each, found by LINE ID and by alias, and the friendship.
\set n :n + 1
\set first (:n * :clients + :client_id) * :batch
\set last :first + :batch - 1
BEGIN;
SELECT i.value, i.profile
  FROM generate_series(:first::bigint, :last::bigint) g
  CROSS JOIN LATERAL (SELECT value, profile FROM identifiers
    WHERE sk = 65536 AND kind = 5 AND label = ''
      AND value = 'U' || lpad(to_hex(hashint8extended(g, 3)), 16, '0') || lpad(to_hex(g), 16, '0') OFFSET 0) i;
INSERT INTO profiles (sk, id, native_line_id, fields, attributes, created_at, updated_at, version)
  SELECT 65536, (lpad(to_hex(g), 16, '0') || '0000000000000003')::uuid,
    'U' || lpad(to_hex(hashint8extended(g, 3)), 16, '0') || lpad(to_hex(g), 16, '0'), '{}', '{}', g, g, 1
  FROM generate_series(:first::bigint, :last::bigint) g;
INSERT INTO identifiers (sk, kind, label, value, tie, profile)
  SELECT 65536, v.kind, v.label, 'U' || lpad(to_hex(hashint8extended(g, 3)), 16, '0') || lpad(to_hex(g), 16, '0'),
    '00000000-0000-0000-0000-000000000000', (lpad(to_hex(g), 16, '0') || '0000000000000003')::uuid
  FROM generate_series(:first::bigint, :last::bigint) g
  CROSS JOIN (VALUES (2, 'line_id'), (5, '')) v(kind, label)
  ORDER BY 2, 4
  ON CONFLICT (sk, kind, label, value, tie) DO NOTHING;
INSERT INTO line_friendships (sk, line_user_id, channel, state, changed_at, evidence_at)
  SELECT 65536, 'U' || lpad(to_hex(hashint8extended(g, 3)), 16, '0') || lpad(to_hex(g), 16, '0'), '1', 'subscribed', 1, 1
  FROM generate_series(:first::bigint, :last::bigint) g;
COMMIT;
