-- What a learner is sorted by: the name that is shown, in lower case. Its beginning will do, and an index has no room
-- for more.
CREATE FUNCTION sort_name(name text, ifi text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(lower(coalesce(name, CASE
    WHEN ifi LIKE 'account:%|_%' THEN substr(ifi, strpos(ifi, '|') + 1)
    WHEN ifi LIKE 'mbox:mailto:%' THEN substr(ifi, 13)
    ELSE substr(ifi, strpos(ifi, ':') + 1)
END)), 200);
