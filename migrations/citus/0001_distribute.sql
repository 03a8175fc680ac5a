-- Where the tables of migrations/postgres live on Citus: one statement per table, by the name in the comment before it.
-- `enmusubi migrate --distribute` runs those whose table is not distributed yet; so a table that a later version makes
-- is added here, and nothing is ever changed.

-- Configuration: small, read whole by every process; a copy on each node.

-- meta
SELECT create_reference_table('meta');
-- workspaces
SELECT create_reference_table('workspaces');
-- api_keys
SELECT create_reference_table('api_keys');
-- subscription_groups
SELECT create_reference_table('subscription_groups');
-- line_channels
SELECT create_reference_table('line_channels');

-- Everything else by its shard key. Rows with the same key are on the same node, whatever their table.

-- profiles
SELECT create_distributed_table('profiles', 'sk', colocate_with => 'none');
-- identifiers
SELECT create_distributed_table('identifiers', 'sk', colocate_with => 'profiles');
-- events
SELECT create_distributed_table('events', 'sk', colocate_with => 'profiles');
-- purchases
SELECT create_distributed_table('purchases', 'sk', colocate_with => 'profiles');
-- summaries
SELECT create_distributed_table('summaries', 'sk', colocate_with => 'profiles');
-- address_states
SELECT create_distributed_table('address_states', 'sk', colocate_with => 'profiles');
-- line_friendships
SELECT create_distributed_table('line_friendships', 'sk', colocate_with => 'profiles');
-- line_inbox
SELECT create_distributed_table('line_inbox', 'sk', colocate_with => 'profiles');
-- journal
SELECT create_distributed_table('journal', 'sk', colocate_with => 'profiles');
-- jobs
SELECT create_distributed_table('jobs', 'sk', colocate_with => 'profiles');
-- import_issues
SELECT create_distributed_table('import_issues', 'sk', colocate_with => 'profiles');
-- retired_profiles
SELECT create_distributed_table('retired_profiles', 'sk', colocate_with => 'profiles');
-- merges
SELECT create_distributed_table('merges', 'sk', colocate_with => 'profiles');
-- merge_log
SELECT create_distributed_table('merge_log', 'sk', colocate_with => 'profiles');
-- never_same
SELECT create_distributed_table('never_same', 'sk', colocate_with => 'profiles');
-- parked
SELECT create_distributed_table('parked', 'sk', colocate_with => 'profiles');
-- erased_identifiers
SELECT create_distributed_table('erased_identifiers', 'sk', colocate_with => 'profiles');
-- erasures
SELECT create_distributed_table('erasures', 'sk', colocate_with => 'profiles');
-- consents
SELECT create_distributed_table('consents', 'sk', colocate_with => 'profiles');
-- catalogue
SELECT create_distributed_table('catalogue', 'sk', colocate_with => 'profiles');
-- answers
SELECT create_distributed_table('answers', 'sk', colocate_with => 'profiles');
