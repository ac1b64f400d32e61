-- The roster's line with what the outline adds to it, not rounded. docs/read-models.md, sections 8 and 9.
DROP VIEW enrollment_standing;
CREATE VIEW enrollment_standing AS
SELECT s.*,
    CASE WHEN s.by_policy THEN s.policy_passed
         WHEN s.verdict IS NOT NULL THEN s.verdict
         WHEN round(s.grade_if_nothing_more::numeric, 6) >= 0.6 THEN true END AS passed
FROM (
    SELECT e.*,
        CASE WHEN e.completed_at IS NOT NULL THEN 1
             WHEN o.required_nodes > 0 THEN e.progress_sum / o.required_nodes
             ELSE 0 END AS progress,
        CASE WHEN e.by_policy THEN e.policy_so_far
             WHEN e.own_score IS NOT NULL THEN e.own_score
             WHEN e.scores > 0 THEN e.score_sum / e.scores END AS grade_so_far,
        CASE WHEN e.by_policy THEN e.policy_if_nothing_more
             WHEN e.own_score IS NOT NULL THEN e.own_score
             WHEN greatest(o.graded_nodes, e.scores) > 0 THEN e.score_sum / greatest(o.graded_nodes, e.scores)
             END AS grade_if_nothing_more
    FROM enrollment e LEFT JOIN course_outline_size o USING (tenant, course)
) s;
