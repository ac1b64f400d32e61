-- How many nodes of a course count towards progress, and how many towards the grade.
CREATE VIEW course_outline_size AS
SELECT tenant, course, count(*) FILTER (WHERE required) AS required_nodes, count(*) FILTER (WHERE graded) AS graded_nodes
FROM outline_node GROUP BY tenant, course;
