-- name: hold!
-- Until the end of this transaction nobody moves the checkpoint; whoever reads it is not held up.
LOCK TABLE public.projection_checkpoint IN EXCLUSIVE MODE;

-- name: standing
-- Where the live read models stand, and what wrote them.
SELECT position, version, generation FROM public.projection_checkpoint
WHERE projection = :projection AND shard = :shard;

-- name: statements
-- What makes tables change places: the live ones go to a schema of their own, those beside come in their place with
-- the same owners and grants, and every view that reads them is made again, after those that it reads.
WITH tables AS (
    SELECT c.oid, c.relname AS name, c.relowner, c.relacl, t.n
    FROM unnest(:tables::text[]) WITH ORDINALITY AS t (name, n)
    JOIN pg_class c ON c.oid = format('public.%%I', t.name)::regclass
)
SELECT format('CREATE SCHEMA %%I', :retired::text), 1 AS step, 0 AS n
UNION ALL
SELECT format('ALTER TABLE public.%%I SET SCHEMA %%I; ALTER TABLE %%I.%%I SET SCHEMA public', name, :retired::text,
    :schema::text, name), 2, n
FROM tables
UNION ALL
SELECT format('ALTER TABLE public.%%I OWNER TO %%I', name, pg_get_userbyid(relowner)), 3, n
FROM tables WHERE pg_get_userbyid(relowner) <> current_user
UNION ALL
SELECT format('GRANT %%s ON public.%%I TO %%s%%s', g.privilege_type, t.name,
    CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
    CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), 4, t.n
FROM tables t CROSS JOIN aclexplode(t.relacl) AS g WHERE g.grantee <> t.relowner
UNION ALL
SELECT format('CREATE OR REPLACE VIEW %%I.%%I %%s AS %%s', s.nspname, c.relname,
    'WITH (' || nullif(array_to_string(c.reloptions, ', '), '') || ')', rtrim(pg_get_viewdef(c.oid), ';')), 5, v.n
FROM unnest(:views::oid[]) WITH ORDINALITY AS v (oid, n)
JOIN pg_class c ON c.oid = v.oid JOIN pg_namespace s ON s.oid = c.relnamespace
UNION ALL
SELECT format('DROP SCHEMA %%I CASCADE', :schema::text), 6, 0
ORDER BY step, n;

-- name: renew!
-- Other tables stand here now. What is behind the position is read from wherever it was stored, if it moved.
UPDATE public.projection_checkpoint SET version = :version, generation = generation + 1, updated = clock_timestamp(),
    stored_floor = CASE WHEN position = :position THEN stored_floor ELSE '1970-01-01Z' END, position = :position
WHERE projection = :projection AND shard = :shard;

-- name: in_the_way
-- Who has been using one of these tables for longest.
SELECT a.pid, a.application_name, a.backend_type, a.xact_start
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.relation IN (SELECT format('public.%%I', name)::regclass FROM unnest(:tables::text[]) AS t (name))
    AND a.application_name <> current_setting('application_name')
ORDER BY a.xact_start LIMIT 1;

-- name: tables_in
-- The tables of a schema.
SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY tablename;
