-- compatible-from: 1
CREATE SEQUENCE "public"."commit_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE SEQUENCE "public"."pointer_id" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "commit" (
	"line_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"id" uuid NOT NULL,
	"op" text NOT NULL,
	"actor" text NOT NULL,
	"authors" text[],
	"message" text,
	"props" jsonb,
	"request_id" text,
	"merge_line" bigint,
	"merge_seq" bigint,
	"base_line" bigint,
	"base_seq" bigint,
	"partial" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "commit_line_id_seq_pk" PRIMARY KEY("line_id","seq"),
	CONSTRAINT "commit_id_unique" UNIQUE("id")
);
--> statement-breakpoint
CREATE TABLE "connection" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"project_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"config" jsonb NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "connection_name" UNIQUE("project_id","name")
);
--> statement-breakpoint
CREATE TABLE "entry_head" (
	"line_id" bigint NOT NULL,
	"ns" text COLLATE "C" NOT NULL,
	"space" smallint NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"content_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"pointer" bigint,
	CONSTRAINT "entry_head_line_id_ns_space_name_pk" PRIMARY KEY("line_id","ns","space","name")
) WITH (fillfactor = 80);
--> statement-breakpoint
CREATE TABLE "entry_version" (
	"line_id" bigint NOT NULL,
	"ns" text COLLATE "C" NOT NULL,
	"space" smallint NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"content_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"pointer" bigint,
	"prev_pointer" bigint,
	"prev_content" uuid,
	CONSTRAINT "entry_version_line_id_ns_space_name_seq_pk" PRIMARY KEY("line_id","ns","space","name","seq"),
	CONSTRAINT "entry_version_seq" UNIQUE("line_id","seq","ns","space","name")
);
--> statement-breakpoint
CREATE TABLE "line" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "line_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"warehouse_id" uuid NOT NULL,
	"parent_line" bigint,
	"fork_seq" bigint,
	"chain_lines" bigint[] NOT NULL,
	"chain_seqs" bigint[] NOT NULL,
	"state" text DEFAULT 'live' NOT NULL,
	"swept_seq" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "location_claim" (
	"store" text COLLATE "C" NOT NULL,
	"path" text COLLATE "C" NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"content_id" uuid NOT NULL,
	"staged_until" timestamp (3) with time zone,
	CONSTRAINT "location_claim_store_path_pk" PRIMARY KEY("store","path")
);
--> statement-breakpoint
CREATE TABLE "mount" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"namespace" text COLLATE "C" NOT NULL,
	"connection_id" uuid NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mount_namespace" UNIQUE("warehouse_id","namespace")
);
--> statement-breakpoint
CREATE TABLE "namespace_properties" (
	"id" bigint PRIMARY KEY DEFAULT nextval('pointer_id') NOT NULL,
	"content_id" uuid NOT NULL,
	"properties" json NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "pointer" (
	"id" bigint PRIMARY KEY DEFAULT nextval('pointer_id') NOT NULL,
	"content_id" uuid NOT NULL,
	"metadata_location" text COLLATE "C" NOT NULL,
	"location" text COLLATE "C" NOT NULL,
	"table_uuid" uuid NOT NULL,
	"format_version" smallint NOT NULL,
	"snapshot_id" bigint,
	"schema_id" integer,
	"schema_digest" text,
	"metadata_etag" text,
	"summary" jsonb,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pointer_file" UNIQUE("content_id","metadata_location")
);
--> statement-breakpoint
CREATE TABLE "project" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"default_warehouse" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "project_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "ref" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ref_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"warehouse_id" uuid NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"line_id" bigint NOT NULL,
	"pinned_seq" bigint,
	"incarnation" uuid DEFAULT gen_random_uuid() NOT NULL,
	"protection" jsonb,
	"expires_at" timestamp (3) with time zone,
	"idle_ttl" interval,
	"last_write_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	"created_by" text NOT NULL,
	"props" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ref_incarnation_unique" UNIQUE("incarnation")
);
--> statement-breakpoint
CREATE TABLE "server" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"incarnation" uuid DEFAULT gen_random_uuid() NOT NULL,
	"key_fingerprint" text,
	"epoch" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "server_one_row" CHECK ("server"."only")
);
--> statement-breakpoint
CREATE TABLE "storage_profile" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"position" smallint DEFAULT 0 NOT NULL,
	"kind" text NOT NULL,
	"location" text COLLATE "C" NOT NULL,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "storage_profile_position" UNIQUE("warehouse_id","position")
);
--> statement-breakpoint
CREATE TABLE "warehouse" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"project_id" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"status" text DEFAULT 'active' NOT NULL,
	"protected" boolean DEFAULT false NOT NULL,
	"default_ref" text COLLATE "C" DEFAULT 'main' NOT NULL,
	"allowed_locations" text[] DEFAULT '{}' NOT NULL,
	"verify_metadata_file" boolean,
	"purge_by_default" boolean DEFAULT false NOT NULL,
	"history_retention_seconds" bigint,
	"settings" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "warehouse_name" UNIQUE("project_id","name")
);
--> statement-breakpoint
CREATE TABLE "audit_entry" (
	"at" timestamp (3) with time zone NOT NULL,
	"id" uuid NOT NULL,
	"tx" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"kind" text NOT NULL,
	"request_id" text NOT NULL,
	"operation" text NOT NULL,
	"principal_kind" text NOT NULL,
	"principal" text NOT NULL,
	"warehouse" text,
	"detail" text NOT NULL,
	"decision" text,
	"status" smallint,
	"digest" "bytea" NOT NULL,
	CONSTRAINT "audit_entry_at_id_pk" PRIMARY KEY("at","id")
) PARTITION BY RANGE ("at");
--> statement-breakpoint
CREATE TABLE "audit_entry_default" PARTITION OF "audit_entry" DEFAULT;
--> statement-breakpoint
CREATE TABLE "commit_intent" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"identifiers" jsonb NOT NULL,
	"operation" text NOT NULL,
	"digest" text NOT NULL,
	"added_snapshot_ids" text[] NOT NULL,
	"epoch" bigint NOT NULL,
	"lease_until" timestamp (3) with time zone NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"idempotency_scope" text COLLATE "C",
	"idempotency_key" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "expired_metadata_file" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expired_metadata_file_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"warehouse_id" uuid NOT NULL,
	"content_id" uuid NOT NULL,
	"metadata_location" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"scope" text COLLATE "C" NOT NULL,
	"key" uuid NOT NULL,
	"digest" text NOT NULL,
	"state" text NOT NULL,
	"outcome" text,
	"lease_until" timestamp (3) with time zone,
	"intent_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "lease" (
	"name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"holder" text NOT NULL,
	"epoch" bigint DEFAULT 1 NOT NULL,
	"until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"tx" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"type" text NOT NULL,
	"object" text NOT NULL,
	"warehouse" text NOT NULL,
	"request_id" text,
	"data" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "outbox_tx_id_pk" PRIMARY KEY("tx","id")
);
--> statement-breakpoint
CREATE TABLE "outbox_cursor" (
	"consumer" text COLLATE "C" PRIMARY KEY NOT NULL,
	"incarnation" uuid NOT NULL,
	"tx" "xid8" NOT NULL,
	"id" bigint NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "purge_request" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"warehouse_id" uuid NOT NULL,
	"content_id" uuid NOT NULL,
	"pointer" bigint NOT NULL,
	"metadata_location" text COLLATE "C" NOT NULL,
	"location" text COLLATE "C" NOT NULL,
	"requested_by" text NOT NULL,
	"state" text DEFAULT 'requested' NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "connection" ADD CONSTRAINT "connection_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mount" ADD CONSTRAINT "mount_warehouse_id_warehouse_id_fk" FOREIGN KEY ("warehouse_id") REFERENCES "public"."warehouse"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mount" ADD CONSTRAINT "mount_connection_id_connection_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connection"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage_profile" ADD CONSTRAINT "storage_profile_warehouse_id_warehouse_id_fk" FOREIGN KEY ("warehouse_id") REFERENCES "public"."warehouse"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "warehouse" ADD CONSTRAINT "warehouse_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commit_merge" ON "commit" USING btree ("merge_line","line_id","merge_seq") WHERE "commit"."merge_line" is not null;--> statement-breakpoint
CREATE INDEX "entry_head_content" ON "entry_head" USING btree ("content_id");--> statement-breakpoint
CREATE INDEX "entry_version_pointer" ON "entry_version" USING btree ("pointer") WHERE "entry_version"."pointer" is not null;--> statement-breakpoint
CREATE INDEX "line_parent" ON "line" USING btree ("parent_line","fork_seq");--> statement-breakpoint
CREATE INDEX "line_warehouse" ON "line" USING btree ("warehouse_id");--> statement-breakpoint
CREATE INDEX "location_claim_content" ON "location_claim" USING btree ("content_id");--> statement-breakpoint
CREATE INDEX "location_claim_staged" ON "location_claim" USING btree ("staged_until") WHERE "location_claim"."staged_until" is not null;--> statement-breakpoint
CREATE INDEX "mount_connection" ON "mount" USING btree ("connection_id");--> statement-breakpoint
CREATE INDEX "pointer_uuid" ON "pointer" USING btree ("table_uuid");--> statement-breakpoint
CREATE UNIQUE INDEX "ref_name" ON "ref" USING btree ("warehouse_id","name") WHERE "ref"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "ref_expiry" ON "ref" USING btree ("expires_at") WHERE "ref"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX "ref_line" ON "ref" USING btree ("line_id");--> statement-breakpoint
CREATE INDEX "commit_intent_open" ON "commit_intent" USING btree ("connection_id","epoch") WHERE "commit_intent"."state" in ('open', 'unknown');--> statement-breakpoint
CREATE INDEX "commit_intent_settled" ON "commit_intent" USING btree ("settled_at") WHERE "commit_intent"."settled_at" is not null;--> statement-breakpoint
CREATE INDEX "expired_metadata_file_content" ON "expired_metadata_file" USING btree ("content_id");--> statement-breakpoint
CREATE INDEX "idempotency_age" ON "idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "purge_request_state" ON "purge_request" USING btree ("state","created_at");
