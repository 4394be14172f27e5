-- compatible-from: 1
CREATE TABLE "api_key" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"principal_id" text COLLATE "C" NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"hint" text NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_key_hash_unique" UNIQUE("hash"),
	CONSTRAINT "api_key_kind" CHECK ("api_key"."kind" in ('api-key', 'client-secret'))
);
--> statement-breakpoint
CREATE TABLE "principal" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"user_type" text NOT NULL,
	"name" text NOT NULL,
	"email" text,
	"project_id" text COLLATE "C",
	"active" boolean DEFAULT true NOT NULL,
	"server_admin" boolean DEFAULT false NOT NULL,
	"last_updated_with" text NOT NULL,
	"external_id" text,
	"user_name" text,
	"profile" jsonb,
	"deleted_at" timestamp (3) with time zone,
	"last_seen_at" timestamp (3) with time zone,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "principal_kind" CHECK ("principal"."kind" in ('user', 'service-account'))
);
--> statement-breakpoint
CREATE TABLE "project_member" (
	"project_id" text COLLATE "C" NOT NULL,
	"member_kind" text NOT NULL,
	"member_id" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "project_member_project_id_member_kind_member_id_pk" PRIMARY KEY("project_id","member_kind","member_id"),
	CONSTRAINT "project_member_kind" CHECK ("project_member"."member_kind" in ('principal', 'role'))
);
--> statement-breakpoint
CREATE TABLE "role" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"project_id" text COLLATE "C" NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"provider_id" text COLLATE "C" NOT NULL,
	"source_id" text COLLATE "C" NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "role_origin" UNIQUE("project_id","provider_id","source_id")
);
--> statement-breakpoint
CREATE TABLE "role_member" (
	"role_id" uuid NOT NULL,
	"member_kind" text NOT NULL,
	"member_id" text COLLATE "C" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "role_member_role_id_member_kind_member_id_pk" PRIMARY KEY("role_id","member_kind","member_id"),
	CONSTRAINT "role_member_kind" CHECK ("role_member"."member_kind" in ('principal', 'role'))
);
--> statement-breakpoint
CREATE TABLE "secret" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"project_id" text COLLATE "C",
	"purpose" text NOT NULL,
	"key_fingerprint" text NOT NULL,
	"sealed_key" "bytea" NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "signing_key" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"algorithm" text NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"secret_id" uuid NOT NULL,
	"active_from" timestamp (3) with time zone NOT NULL,
	"active_until" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "spent_token" (
	"digest" "bytea" PRIMARY KEY NOT NULL,
	"spent_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "project" ADD COLUMN "api_keys_allowed" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "server" ADD COLUMN "identity_epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "server" ADD COLUMN "bootstrapped_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_principal_id_principal_id_fk" FOREIGN KEY ("principal_id") REFERENCES "public"."principal"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "principal" ADD CONSTRAINT "principal_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "project_member" ADD CONSTRAINT "project_member_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "role" ADD CONSTRAINT "role_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "role_member" ADD CONSTRAINT "role_member_role_id_role_id_fk" FOREIGN KEY ("role_id") REFERENCES "public"."role"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secret" ADD CONSTRAINT "secret_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "signing_key" ADD CONSTRAINT "signing_key_secret_id_secret_id_fk" FOREIGN KEY ("secret_id") REFERENCES "public"."secret"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_key_principal" ON "api_key" USING btree ("principal_id");--> statement-breakpoint
CREATE INDEX "principal_name" ON "principal" USING btree (lower("name") text_pattern_ops);--> statement-breakpoint
CREATE INDEX "principal_project" ON "principal" USING btree ("project_id");--> statement-breakpoint
CREATE UNIQUE INDEX "principal_external" ON "principal" USING btree ("external_id") WHERE "principal"."external_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "principal_user_name" ON "principal" USING btree (lower("user_name")) WHERE "principal"."user_name" is not null;--> statement-breakpoint
CREATE INDEX "project_member_of" ON "project_member" USING btree ("member_kind","member_id");--> statement-breakpoint
CREATE UNIQUE INDEX "role_name" ON "role" USING btree ("project_id",lower("name"));--> statement-breakpoint
CREATE INDEX "role_ident" ON "role" USING btree ("provider_id","source_id");--> statement-breakpoint
CREATE INDEX "role_member_of" ON "role_member" USING btree ("member_kind","member_id");--> statement-breakpoint
CREATE INDEX "secret_project" ON "secret" USING btree ("project_id");--> statement-breakpoint
CREATE INDEX "spent_token_expiry" ON "spent_token" USING btree ("expires_at");