-- :batch new profiles: nobody is found, so that each gets a row and its look-up rows.
\set n :n + 1
\set first (:n * :clients + :client_id) * :batch
\set last :first + :batch - 1
BEGIN;
SELECT i.value, i.profile
  FROM generate_series(:first::bigint, :last::bigint) g
  CROSS JOIN LATERAL (SELECT value, profile FROM identifiers
    WHERE sk = 65536 AND kind = 1 AND label = '' AND value = :prefix::text || g OFFSET 0) i;
INSERT INTO profiles (sk, id, external_id, email, native_line_id, fields, attributes, created_at, updated_at, version)
  SELECT 65536, (lpad(to_hex(g), 16, '0') || lpad(to_hex(:series::bigint), 16, '0'))::uuid, :prefix::text || g,
    :prefix::text || g || '@example.com',
    CASE WHEN g % 2 = 0
      THEN 'U' || lpad(to_hex(hashint8extended(g, :series::bigint)), 16, '0') || lpad(to_hex(g), 16, '0') END,
    '{}', json_build_object('k0', 'value-' || g, 'k1', 'value-' || g, 'k2', 'value-' || g, 'k3', 'value-' || g,
      'k4', 'value-' || g, 'k5', 'value-' || g, 'k6', 'value-' || g, 'k7', 'value-' || g, 'k8', 'value-' || g,
      'k9', 'value-' || g, 'k10', 'value-' || g), g, g, 1
  FROM generate_series(:first::bigint, :last::bigint) g;
INSERT INTO identifiers (sk, kind, label, value, tie, profile)
  SELECT 65536, v.kind, '', v.value, CASE WHEN v.kind = 1 THEN '00000000-0000-0000-0000-000000000000' ELSE p.id END, p.id
  FROM (SELECT g, (lpad(to_hex(g), 16, '0') || lpad(to_hex(:series::bigint), 16, '0'))::uuid AS id
    FROM generate_series(:first::bigint, :last::bigint) g) p
  CROSS JOIN LATERAL (VALUES (1, :prefix::text || g), (3, :prefix::text || g || '@example.com'),
    (5, CASE WHEN g % 2 = 0
      THEN 'U' || lpad(to_hex(hashint8extended(g, :series::bigint)), 16, '0') || lpad(to_hex(g), 16, '0') END))
    v(kind, value)
  WHERE v.value IS NOT NULL
  ORDER BY v.kind, v.value
  ON CONFLICT (sk, kind, label, value, tie) DO NOTHING;
COMMIT;
