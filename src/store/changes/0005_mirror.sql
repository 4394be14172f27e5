-- compatible-from: 1
CREATE TABLE "unmirrored_object" (
	"object" text COLLATE "C" PRIMARY KEY NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "server" ADD COLUMN "grants_mirror" jsonb;--> statement-breakpoint
CREATE INDEX "unmirrored_object_age" ON "unmirrored_object" USING btree ("created_at");
--> statement-breakpoint
CREATE FUNCTION "grants_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT "grants_mirror" IS NOT NULL FROM "server") THEN
		INSERT INTO "unmirrored_object" ("object") SELECT DISTINCT "object" FROM "changed" ORDER BY 1
		ON CONFLICT ("object") DO UPDATE SET "version" = "unmirrored_object"."version" + 1;
	END IF;
	RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER "grants_added" AFTER INSERT ON "relation_tuple" REFERENCING NEW TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();--> statement-breakpoint
CREATE TRIGGER "grants_edited" AFTER UPDATE ON "relation_tuple" REFERENCING NEW TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();--> statement-breakpoint
CREATE TRIGGER "grants_removed" AFTER DELETE ON "relation_tuple" REFERENCING OLD TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();
