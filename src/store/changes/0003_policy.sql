-- compatible-from: 1
CREATE TABLE "audit_block" (
	"number" bigint PRIMARY KEY NOT NULL,
	"hash" "bytea" NOT NULL,
	"previous_hash" "bytea" NOT NULL,
	"entries" integer NOT NULL,
	"leaves" "bytea",
	"root" "bytea" NOT NULL,
	"month" timestamp (3) with time zone NOT NULL,
	"last_tx" text NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL,
	"last_id" uuid NOT NULL,
	"sealed_at" timestamp (3) with time zone NOT NULL,
	"seal" "bytea" NOT NULL,
	CONSTRAINT "audit_block_previous_hash_unique" UNIQUE("previous_hash")
);
--> statement-breakpoint
CREATE TABLE "audit_retired" (
	"month" timestamp (3) with time zone NOT NULL,
	"retired_at" timestamp (3) with time zone NOT NULL,
	"entries" bigint NOT NULL,
	"seal" "bytea" NOT NULL,
	CONSTRAINT "audit_retired_month_retired_at_pk" PRIMARY KEY("month","retired_at")
);
--> statement-breakpoint
CREATE TABLE "governed_object" (
	"object" text COLLATE "C" PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"ns" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C",
	"table_uuid" text,
	"suspended_at" timestamp (3) with time zone,
	"suspended_for" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "governed_object_id_unique" UNIQUE("id"),
	CONSTRAINT "governed_object_name" UNIQUE NULLS NOT DISTINCT("warehouse_id","kind","ns","name"),
	CONSTRAINT "governed_object_kind" CHECK ("governed_object"."kind" in ('namespace', 'table', 'view'))
);
--> statement-breakpoint
CREATE TABLE "read_restriction" (
	"object" text COLLATE "C" PRIMARY KEY NOT NULL,
	"project_id" text COLLATE "C" NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"content_id" uuid,
	"ns" text COLLATE "C",
	"name" text COLLATE "C",
	"row_filter" text,
	"columns" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"set_by" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "relation_tuple" (
	"object" text COLLATE "C" NOT NULL,
	"relation" text COLLATE "C" NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" text COLLATE "C" NOT NULL,
	"project_id" text COLLATE "C",
	"warehouse_id" uuid,
	"content_id" uuid,
	"ns" text COLLATE "C",
	"name" text COLLATE "C",
	"expires_at" timestamp (3) with time zone,
	"reason" text,
	"granted_by" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "relation_tuple_subject_kind_subject_id_object_relation_pk" PRIMARY KEY("subject_kind","subject_id","object","relation"),
	CONSTRAINT "relation_tuple_subject" CHECK ("relation_tuple"."subject_kind" in ('principal', 'role', 'anyone'))
);
--> statement-breakpoint
CREATE TABLE "rule_set" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "rule_set_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"digest" "bytea" NOT NULL,
	"sources" jsonb NOT NULL,
	"prepared" jsonb NOT NULL,
	"applied_by" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tag_assignment" (
	"object" text COLLATE "C" NOT NULL,
	"tag_id" uuid NOT NULL,
	"value" text NOT NULL,
	"project_id" text COLLATE "C" NOT NULL,
	"warehouse_id" uuid,
	"content_id" uuid,
	"ns" text COLLATE "C",
	"name" text COLLATE "C",
	"set_by" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tag_assignment_object_tag_id_pk" PRIMARY KEY("object","tag_id")
);
--> statement-breakpoint
CREATE TABLE "tag_definition" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"project_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"description" text,
	"value_kind" text NOT NULL,
	"allowed_values" text[] DEFAULT '{}' NOT NULL,
	"scope" text[] NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tag_definition_kind" CHECK ("tag_definition"."value_kind" in ('marker', 'free-text', 'enumerated'))
);
--> statement-breakpoint
ALTER TABLE "server" ADD COLUMN "policy_epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "server" ADD COLUMN "governance_epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "audit_entry" ADD COLUMN "project" text;--> statement-breakpoint
ALTER TABLE "audit_entry" ADD COLUMN "latency_ms" integer;--> statement-breakpoint
ALTER TABLE "governed_object" ADD CONSTRAINT "governed_object_warehouse_id_warehouse_id_fk" FOREIGN KEY ("warehouse_id") REFERENCES "public"."warehouse"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_restriction" ADD CONSTRAINT "read_restriction_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "read_restriction" ADD CONSTRAINT "read_restriction_warehouse_id_warehouse_id_fk" FOREIGN KEY ("warehouse_id") REFERENCES "public"."warehouse"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "relation_tuple" ADD CONSTRAINT "relation_tuple_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "relation_tuple" ADD CONSTRAINT "relation_tuple_warehouse_id_warehouse_id_fk" FOREIGN KEY ("warehouse_id") REFERENCES "public"."warehouse"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tag_assignment" ADD CONSTRAINT "tag_assignment_tag_id_tag_definition_id_fk" FOREIGN KEY ("tag_id") REFERENCES "public"."tag_definition"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tag_assignment" ADD CONSTRAINT "tag_assignment_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tag_assignment" ADD CONSTRAINT "tag_assignment_warehouse_id_warehouse_id_fk" FOREIGN KEY ("warehouse_id") REFERENCES "public"."warehouse"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tag_definition" ADD CONSTRAINT "tag_definition_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "read_restriction_warehouse" ON "read_restriction" USING btree ("warehouse_id");--> statement-breakpoint
CREATE INDEX "read_restriction_content" ON "read_restriction" USING btree ("content_id") WHERE "read_restriction"."content_id" is not null;--> statement-breakpoint
CREATE INDEX "relation_tuple_object" ON "relation_tuple" USING btree ("object","relation");--> statement-breakpoint
CREATE INDEX "relation_tuple_content" ON "relation_tuple" USING btree ("content_id") WHERE "relation_tuple"."content_id" is not null;--> statement-breakpoint
CREATE INDEX "relation_tuple_ns" ON "relation_tuple" USING btree ("warehouse_id","ns") WHERE "relation_tuple"."ns" is not null;--> statement-breakpoint
CREATE INDEX "relation_tuple_expiry" ON "relation_tuple" USING btree ("expires_at") WHERE "relation_tuple"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX "tag_assignment_tag" ON "tag_assignment" USING btree ("tag_id","object");--> statement-breakpoint
CREATE INDEX "tag_assignment_warehouse" ON "tag_assignment" USING btree ("warehouse_id");--> statement-breakpoint
CREATE INDEX "tag_assignment_content" ON "tag_assignment" USING btree ("content_id") WHERE "tag_assignment"."content_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "tag_definition_name" ON "tag_definition" USING btree ("project_id",lower("name"));--> statement-breakpoint
CREATE INDEX "audit_entry_tx" ON "audit_entry" USING btree ("tx");--> statement-breakpoint
CREATE INDEX "audit_entry_refused" ON "audit_entry" USING btree ("at","id") WHERE "audit_entry"."decision" <> 'allowed';--> statement-breakpoint
CREATE INDEX "audit_entry_summary" ON "audit_entry" USING brin ("request_id" text_bloom_ops (n_distinct_per_range = 2000),"principal" text_bloom_ops (n_distinct_per_range = 500),"project" text_bloom_ops (n_distinct_per_range = 100),"warehouse" text_bloom_ops (n_distinct_per_range = 200)) WITH (autosummarize=true);