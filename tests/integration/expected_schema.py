"""The schema that migrations give, on every server: whoever changes one changes it here too, on purpose.

An object's name, then a line each for its columns (`?`: may be null), indexes, constraints, triggers.
"""

SCHEMA = """
tenant
  tenant int4, name text, salt bytea = (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), created
    timestamptz = now()
  unique btree (name)
  unique btree (tenant)
  BEFORE DELETE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
  BEFORE UPDATE, EACH ROW WHEN (old.salt IS DISTINCT FROM new.salt), refuse_change()
event_position
  bigint cache 1
authority
  authority int4 identity, tenant int4, agent text
  unique btree (authority)
  unique btree (tenant, agent)
  BEFORE DELETE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
  BEFORE UPDATE, EACH ROW WHEN (old.* IS DISTINCT FROM new.*), refuse_change()
authority_authority_seq
  integer cache 1
credential
  CHECK (((cardinality(scopes) > 0) AND (scopes <@
    '{statements/write,statements/read/mine,statements/read,state,define,profile,all/read,all}'::text[])))
  FOREIGN KEY (authority) REFERENCES authority(authority)
  key text, tenant int4, secret_hash bytea, authority int4, created timestamptz = now(), disabled timestamptz?, name
    text?, scopes _text, rotated timestamptz?, previous_hash bytea?, previous_until timestamptz?, compatibility bool =
    false
  unique btree (key)
  btree (tenant, created, key)
statement_id
  tenant int4, id uuid, stored timestamptz, position int8, digest bytea
  unique btree (tenant, id)
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
statement_void
  tenant int4, voided uuid, position int8, voiding uuid
  unique btree (tenant, voided, position)
  btree (position)
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
statement
  tenant int4, position int8, stored timestamptz, id uuid, timestamp timestamptz?, authority int4, keys _int8,
    payload json
  unique btree (stored, position)
  btree (position)
  gin (keys) WITH (fastupdate='on', gin_pending_list_limit='1024')
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
statement_reference
  tenant int4, referrer uuid, target uuid, stored timestamptz, position int8, authority int4, keys _int8 =
    '{}'::bigint[]
  unique btree (tenant, referrer)
  btree (tenant, target) WHERE (keys = '{}'::bigint[])
  btree (tenant, target, position)
  btree (tenant, stored, position)
  gin (keys) WITH (fastupdate='on', gin_pending_list_limit='1024')
reference_unsettled
  tenant int4, id uuid, stored timestamptz, after int8 = 0, mark int8?
  unique btree (tenant, id)
  btree (stored)
control_event
  position int8, tenant int4, recorded timestamptz, kind text, payload json
  unique btree (position)
  btree (position) WHERE (kind = 'retention'::text)
  btree (tenant, position) WHERE (kind <> 'clock.tick'::text)
  BEFORE DELETE OR UPDATE, EACH ROW, refuse_change()
  BEFORE TRUNCATE, EACH STATEMENT, refuse_change()
document
  tenant int4, owner bytea, key bytea, resource text, activity text?, agent text?, registration uuid?, id text,
    content_type text, content bytea, sha1 bytea, updated timestamptz
  unique btree (tenant, owner, key)
  btree (tenant, owner, updated)
activity_definition
  tenant int4, key bytea, activity text, version int4, definition json
  unique btree (tenant, key)
attachment
  tenant int4, sha2 bytea, length int8, in_pieces bool, kept timestamptz = now()
  unique btree (tenant, sha2)
attachment_piece
  CHECK (((octet_length(data) >= 1) AND (octet_length(data) <= 1048576)))
  tenant int4, sha2 bytea, piece int4, data bytea, kept timestamptz = now()
  unique btree (tenant, sha2, piece)
statement_attachment
  tenant int4, id uuid, sha2 bytea, kept timestamptz = now()
  unique btree (tenant, id, sha2)
  btree (tenant, sha2)
statement_repair
  tenant int4, id uuid, digest bytea, rules _text, original json, received timestamptz = now()
  unique btree (tenant, id, digest)
alembic_version
  version_num varchar
  unique btree (version_num)
loaded_past
  position int8, stored timestamptz
  unique btree (position)
projection_checkpoint
  projection text, shard int4, version int4, position int8, stored_floor timestamptz, updated timestamptz = now(),
    generation int4 = 0
  unique btree (projection, shard)
configuration_applied
  tenant int4, position int8
  unique btree (tenant)
outline_version
  tenant int4, slot int4, version int8
  unique btree (tenant, slot)
untold_change
  number int8 identity, position int8, changes bytea
  unique btree (number)
untold_change_number_seq
  bigint cache 1
shard_offset
  topic text, partition int4, next int8
  unique btree (topic, partition)
relay_checkpoint
  CHECK ((cardinality(previous) > 0))
  topic text, position int8, stored_floor timestamptz, previous _int8, updated timestamptz = now()
  unique btree (topic)
iri
  tenant int4, id uuid, iri text
  unique btree (tenant, id)
person
  tenant int4, person uuid, ifi text, name text?, merged_from _text = '{}'::text[]
  unique btree (tenant, person)
  btree (tenant, sort_name(name, ifi) COLLATE C, person)
fact
  tenant int4, position int8, id uuid, at timestamptz, person uuid?, course uuid?, activity uuid?, verb uuid, event
    text, placement text, registration uuid?, attempt text?, raw float8?, min float8?, max float8?, scaled float8?,
    score float8?, score_suspect bool, success bool?, completion bool?, duration int8?, progress float8?, media
    text?, claim uuid?, actor_name text?, voided_position int8?, merged_from uuid?, response text?
  unique btree (tenant, position)
  btree (tenant, activity) WHERE (placement = ANY (ARRAY['registration'::text, 'unassigned'::text, 'outline'::text]))
  btree (tenant, at)
  btree (tenant, course, activity, person)
  btree (tenant, course, position) WHERE (voided_position IS NULL)
  btree (tenant, person, at) WHERE (actor_name IS NOT NULL)
  btree (tenant, activity, at, id) WHERE ((placement = 'unassigned'::text) AND (activity IS NOT NULL) AND
    (voided_position IS NULL))
  btree (tenant, person, registration)
  btree (tenant, person, registration) WHERE ((placement = ANY (ARRAY['registration'::text, 'unassigned'::text]))
    AND (registration IS NOT NULL))
claim
  tenant int4, claim uuid, claims text
  unique btree (tenant, claim)
outline_claim
  tenant int4, course uuid, claim uuid, last_at timestamptz, last_id uuid
  unique btree (tenant, course, claim)
outline_node
  tenant int4, course uuid, node uuid, iri text, type text?, title text?, kind text, parent uuid?, rule text,
    required bool, graded bool, position int4?, source text?
  unique btree (tenant, course, node)
  btree (tenant, course) WHERE (node = course)
node_progress
  tenant int4, course uuid, person uuid, node uuid, state text, fraction float8, first_at timestamptz, last_at
    timestamptz, first_activity_at timestamptz?, last_activity_at timestamptz?, last_activity_id uuid?, statements
    int4, revoked_at timestamptz?, completed_at timestamptz?, satisfied_by uuid?, visits int4, duration int8,
    enrolled_at timestamptz?, standing text?, verdict bool?, late bool = false, expires_at timestamptz?
  unique btree (tenant, course, person, node)
  btree (tenant, course, completed_at, person, node) WHERE (completed_at IS NOT NULL)
  btree (tenant, course, node, completed_at, person) WHERE (completed_at IS NOT NULL)
  btree (tenant, course, node, person)
  btree (tenant, course, state, person, node) WHERE (state <> 'in_progress'::text)
  btree (tenant, expires_at) WHERE ((state = 'completed'::text) AND (expires_at IS NOT NULL))
attempt
  tenant int4, course uuid, person uuid, node uuid, attempt text, started_at timestamptz, submitted_at timestamptz,
    raw float8?, min float8?, max float8?, scaled float8?, score float8?, score_suspect bool, success bool?,
    duration int8
  unique btree (tenant, course, person, node, attempt)
gradebook
  tenant int4, course uuid, person uuid, node uuid, policy text, score float8?, attempts int4, best_attempt text?,
    counts bool
  unique btree (tenant, course, person, node)
media_coverage
  tenant int4, course uuid, person uuid, node uuid, length float8?, fraction float8, source text, segments text, plays
    text, statements int4
  unique btree (tenant, course, person, node)
  btree (tenant, course, node, person)
activity_daily
  tenant int4, course uuid, person uuid, day date, facts int4, events int4, sessions int4, duration int8, visits text,
    completions int4, scores int4, score_sum int8
  unique btree (tenant, course, person, day)
  btree (tenant, course, day, person)
activity_day
  tenant int4, course uuid, person uuid, day date, events int4, sessions int4, duration int8, completions int4, enrolled
    bool, started bool, completed bool, scores int4, score numeric
course_daily
  tenant int4, course uuid, day date, enrolled int8, active int8, started int8, completed int8, events int8, completions
    int8, mean_score numeric, median_score numeric
item_response
  tenant int4, course uuid, node uuid, person uuid, id uuid, at timestamptz, attempt text, response text, success bool,
    score float8, duration int8, first_try bool, final bool
unassigned
  tenant int4, position int8, id uuid, at timestamptz, person uuid, activity uuid, verb uuid, event text, registration
    uuid, reason text
enrollment
  tenant int4, course uuid, person uuid, status text, enrolled_at timestamptz, started_at timestamptz?,
    last_activity_at timestamptz?, last_activity_id uuid?, completed_at timestamptz?, satisfied_by uuid?,
    completed_nodes int4, progress_sum float8, own_score float8?, score_sum float8, scores int4, verdict bool?,
    by_policy bool = false, policy_so_far float8?, policy_if_nothing_more float8?, policy_passed bool?
  unique btree (tenant, course, person)
  btree (tenant, enrolled_at) WHERE (status = 'active'::text)
  btree (tenant, last_activity_at) WHERE (status = 'active'::text)
  btree (tenant, course, ( CASE WHEN by_policy THEN policy_so_far WHEN (own_score IS NOT NULL) THEN own_score WHEN
    (scores > 0) THEN (score_sum / (scores)::double precision) ELSE NULL::double precision END), person)
  btree (tenant, course, ((completed_at IS NOT NULL)), progress_sum, person)
  btree (tenant, course, enrolled_at, person)
  btree (tenant, course, last_activity_at, person)
course_outline_size
  tenant int4, course uuid, required_nodes int8, graded_nodes int8
enrollment_standing
  tenant int4, course uuid, person uuid, status text, enrolled_at timestamptz, started_at timestamptz,
    last_activity_at timestamptz, last_activity_id uuid, completed_at timestamptz, satisfied_by uuid,
    completed_nodes int4, progress_sum float8, own_score float8, score_sum float8, scores int4, verdict bool,
    by_policy bool, policy_so_far float8, policy_if_nothing_more float8, policy_passed bool, progress float8,
    grade_so_far float8, grade_if_nothing_more float8, passed bool
risk_state
  tenant int4, course uuid, person uuid, rule text, level text, since timestamptz, threshold_days int4, evidence
    uuid
  unique btree (tenant, course, person, rule)
clock
  tenant int4, now timestamptz
  unique btree (tenant)
dead_letter
  tenant int4, position int8, version int4, statement uuid, stored timestamptz, key uuid?, learner text?, state text,
    voided_position int8?, attempts int4, error text, message text, frames text, last_at timestamptz, decided_by
    text?, reason text?
  unique btree (tenant, position)
  btree (tenant, key, position)
course_world
  CHECK ((state = ANY (ARRAY['asked'::text, 'building'::text, 'ready'::text, 'failed'::text])))
  tenant int4, name text, course uuid, position int8, said json, state text, asked timestamptz = now(), used
    timestamptz = now(), done int8 = 0, of int8 = 0, reason text?
  unique btree (tenant, name)
analytics.activity
  tenant int4, position int8, statement_id uuid, time timestamptz, learner_id uuid, learner text, learner_name text,
    course_id uuid, course text, course_title text, activity_id uuid, activity text, verb_id uuid, verb text, event
    text, registration uuid, score numeric, success bool, completion bool, duration_seconds numeric
analytics.activity_daily
  tenant int4, course_id uuid, course text, learner_id uuid, learner text, day date, events int4, sessions int4,
    duration_seconds numeric, completions int4, enrolled bool, started bool, completed bool, scores int4, score numeric
analytics.course_daily
  tenant int4, course_id uuid, course text, day date, enrolled int8, active int8, started int8, completed int8, events
    int8, completions int8, mean_score numeric, median_score numeric
analytics.item_response
  tenant int4, course_id uuid, course text, learner_id uuid, learner text, activity_id uuid, activity text, statement_id
    uuid, time timestamptz, attempt text, response text, success bool, score numeric, duration_seconds numeric,
    first_try bool, final bool
analytics.media_coverage
  tenant int4, course_id uuid, course text, learner_id uuid, learner text, activity_id uuid, activity text,
    length_seconds numeric, fraction numeric, source text, segments jsonb, plays jsonb, statements int4
analytics.unassigned
  tenant int4, position int8, statement_id uuid, time timestamptz, learner_id uuid, learner text, activity_id uuid,
    activity text, verb_id uuid, verb text, event text, registration uuid, reason text
analytics.bucket(text,timestamp with time zone,text)
  timestamp with time zone
analytics.earlier_midnight(timestamp without time zone,timestamp with time zone,text)
  timestamp with time zone
analytics.midnight(date,text)
  timestamp with time zone
analytics.position
  position int8, updated timestamptz
compress_part(regclass)
  void
drop_oldest_statements(timestamp with time zone)
  record
log_begin()
  bigint
make_statement_partitions(integer)
  integer
make_statement_partitions_between(timestamp with time zone,timestamp with time zone)
  integer
refuse_change()
  trigger
sort_name(text,text)
  text
statement_awaited(integer[],uuid[])
  uuid[]
statement_conflict(uuid)
  bytea
statement_parts()
  record
statements_kept_back(bigint,timestamp with time zone)
  text
"""
