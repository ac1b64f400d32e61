-- name: item_stats
-- A page of a course's items, each with what came of its first tries in a window. Where a mean is the same, 12 decimals
-- of it are.
WITH page AS MATERIALIZED (
    SELECT node, iri, title, parent FROM outline_node
    WHERE tenant = :tenant AND course = :course AND kind = 'item' AND rule <> 'none'
        AND (:node::uuid IS NULL OR node = :node::uuid) AND (:parent::uuid IS NULL OR parent = :parent::uuid)
        AND (:after::uuid IS NULL OR node > :after::uuid)
    ORDER BY node LIMIT :limit
), items AS MATERIALIZED (
    SELECT node, parent FROM outline_node
    WHERE tenant = :tenant AND course = :course AND kind = 'item' AND rule <> 'none'
        AND (node IN (SELECT node FROM page) OR parent IN (SELECT parent FROM page))
), tries AS MATERIALIZED (
    SELECT DISTINCT ON (r.node, r.person)
        r.node, i.parent, r.person, r.at, r.score::numeric AS score, r.response, r.duration
    FROM items i JOIN item_response r ON r.tenant = :tenant AND r.course = :course AND r.node = i.node
    ORDER BY r.node, r.person, r.at, r.id
), firsts AS MATERIALIZED (
    SELECT * FROM tries
    WHERE (:since::timestamptz IS NULL OR at >= :since::timestamptz)
        AND (:until::timestamptz IS NULL OR at < :until::timestamptz)
), totals AS (
    SELECT parent, person, sum(score) AS total, count(*) AS items FROM firsts WHERE score IS NOT NULL
    GROUP BY parent, person
), pairs AS (
    SELECT f.node, f.score AS x, round((t.total - f.score) / (t.items - 1), 12) AS y
    FROM firsts f JOIN totals t ON t.parent = f.parent AND t.person = f.person
    WHERE f.score IS NOT NULL AND t.items > 1 AND f.node IN (SELECT node FROM page)
), sums AS (
    SELECT node, count(*) AS n, sum(x) AS x, sum(y) AS y, sum(x * x) AS xx, sum(y * y) AS yy, sum(x * y) AS xy
    FROM pairs GROUP BY node
), own AS (
    SELECT node, count(*) AS learners, count(score) AS scored, round(avg(score), 6) AS facility,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY duration) AS median_duration
    FROM firsts GROUP BY node
), counted AS (
    SELECT f.node, o.option, count(*) AS times,
        row_number() OVER (PARTITION BY f.node ORDER BY count(*) DESC, o.option COLLATE "C") AS place
    FROM firsts f CROSS JOIN unnest(string_to_array(f.response, '[,]')) AS o (option)
    WHERE f.node IN (SELECT node FROM page)
    GROUP BY f.node, o.option
), options AS (
    SELECT node, json_agg(json_build_array(option, times) ORDER BY place) AS options FROM counted WHERE place <= 20
    GROUP BY node
)
SELECT p.node, p.iri, p.title, p.parent, coalesce(o.learners, 0), coalesce(o.scored, 0), o.facility::double precision,
    CASE WHEN s.n >= 20 AND s.n * s.xx > s.x * s.x AND s.n * s.yy > s.y * s.y
        THEN round((s.n * s.xy - s.x * s.y) / sqrt((s.n * s.xx - s.x * s.x) * (s.n * s.yy - s.y * s.y)), 6)
        END::double precision,
    coalesce(c.options, '[]'::json), o.median_duration
FROM page p LEFT JOIN own o USING (node) LEFT JOIN sums s USING (node) LEFT JOIN options c USING (node)
ORDER BY p.node;
