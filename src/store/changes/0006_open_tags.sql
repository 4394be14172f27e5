-- compatible-from: 1
-- A tag that is not restricted may be set by everybody who may set tags on an object; those defined so far are not.
INSERT INTO "relation_tuple" ("object", "relation", "subject_kind", "subject_id", "project_id", "granted_by")
SELECT 'tag:' || "id", 'apply', 'anyone', '*', "project_id", 'system' FROM "tag_definition"
ON CONFLICT DO NOTHING;
