-- What retention has dropped, the log beside the statements says for ever: this is where it is looked up.
CREATE INDEX control_event_retention ON control_event (position) WHERE kind = 'retention';

-- Up to which position statements were dropped; 0: none were. What those gave to the read models stays in them, so the
-- facts at or below it may not be removed: the log cannot give them again.
CREATE FUNCTION log_begin() RETURNS bigint LANGUAGE sql STABLE
RETURN (SELECT coalesce(max((payload ->> 'position')::bigint), 0) FROM control_event WHERE kind = 'retention');
