-- :batch random profiles: found by their external id, locked in the order of their ids and read, three of eleven
-- attributes changed, written by an upsert.
\set n :n + 1
\set first (:n * :clients + :client_id) * :batch
\set last :first + :batch - 1
BEGIN;
SELECT array_agg(found.id ORDER BY found.id) AS ids
  FROM (SELECT DISTINCT i.profile AS id
    FROM generate_series(:first::bigint, :last::bigint) g
    CROSS JOIN LATERAL (SELECT profile FROM identifiers
      WHERE sk = 65536 AND kind = 1 AND label = ''
        AND value = 'c' || ((hashint8extended(g, 0) & 9223372036854775807) % :profiles::bigint) OFFSET 0) i) found \gset
SELECT p.id, p.external_id, p.email, p.native_line_id, p.fields::text, p.attributes::text, p.created_at, p.version
  FROM unnest(:ids::uuid[]) v
  CROSS JOIN LATERAL (SELECT * FROM profiles WHERE sk = 65536 AND id = v OFFSET 0 FOR UPDATE) p;
INSERT INTO profiles (sk, id, external_id, email, native_line_id, fields, attributes, created_at, updated_at, version)
  SELECT p.sk, p.id, p.external_id, p.email, p.native_line_id, p.fields,
    (p.attributes::jsonb
      || jsonb_build_object('k1', :first::bigint, 'k2', 'v' || :first::bigint, 'k3', :first::bigint % 2 = 0))::text::json,
    p.created_at, :first::bigint, p.version + 1
  FROM unnest(:ids::uuid[]) v
  CROSS JOIN LATERAL (SELECT * FROM profiles WHERE sk = 65536 AND id = v OFFSET 0) p
  ON CONFLICT (sk, id) DO UPDATE SET attributes = excluded.attributes, updated_at = excluded.updated_at,
    version = excluded.version WHERE profiles.version = excluded.version - 1;
COMMIT;
