package rck;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.SessionCatalog;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NamespaceNotEmptyException;
import org.apache.iceberg.exceptions.NoSuchNamespaceException;
import org.apache.iceberg.rest.HTTPClient;
import org.apache.iceberg.rest.RESTCatalog;

/**
 * Client settings of the kit. Every environment variable CATALOG_X becomes a catalog property (prefix
 * cut, "__" to "-", "_" to ".", lower case): CATALOG_URI, CATALOG_WAREHOUSE, CATALOG_TOKEN,
 * CATALOG_CREDENTIAL, CATALOG_IO__IMPL, CATALOG_HEADER_X... Switches of the kit itself are RCK_*.
 */
final class Rck {
  private Rck() {}

  /** Names the two test classes create; removed before each test. RCK_PURGE=all removes everything. */
  private static final List<String> KNOWN =
      List.of("ns", "newdb", "ns1", "ns2", "other_ns", "ns_1", "ns_2", "a", "new", "ns.", "new.db", "a/b", "other/ns",
          "parent", "db", "non-existing", "non_existing");

  static boolean flag(String name, boolean ifAbsent) {
    String value = System.getenv(name);
    return value == null || value.isEmpty() ? ifAbsent : Boolean.parseBoolean(value);
  }

  static Optional<String> baseLocation() {
    return Optional.ofNullable(System.getenv("RCK_BASE_LOCATION")).filter(value -> !value.isEmpty());
  }

  static Map<String, String> environment() {
    Map<String, String> out = new TreeMap<>();
    System.getenv()
        .forEach(
            (key, value) -> {
              if (key.startsWith("CATALOG_") && !value.isEmpty()) {
                out.put(
                    key.substring("CATALOG_".length())
                        .replace("__", "-")
                        .replace("_", ".")
                        .toLowerCase(Locale.ROOT),
                    value);
              }
            });
    return out;
  }

  static RESTCatalog connect(String name, Map<String, String> extra) {
    Map<String, String> props = new HashMap<>();
    // Client-side defaults and overrides that the inherited tests look for.
    props.put("table-default.default-key1", "catalog-default-key1");
    props.put("table-default.default-key2", "catalog-default-key2");
    props.put("table-default.override-key3", "catalog-default-key3");
    props.put("table-override.override-key3", "catalog-override-key3");
    props.put("table-override.override-key4", "catalog-override-key4");
    props.put("view-default.key1", "catalog-default-key1");
    props.put("view-default.key2", "catalog-default-key2");
    props.put("view-default.key3", "catalog-default-key3");
    props.put("view-override.key3", "catalog-override-key3");
    props.put("view-override.key4", "catalog-override-key4");
    props.putAll(environment());
    props.putAll(extra);
    if (!props.containsKey("uri")) {
      throw new IllegalStateException("CATALOG_URI is not set");
    }
    RESTCatalog catalog =
        new RESTCatalog(
            SessionCatalog.SessionContext.createEmpty(),
            config -> HTTPClient.builder(config).uri(config.get("uri")).build());
    catalog.initialize(name, props);
    return catalog;
  }

  static void purge(RESTCatalog catalog) {
    boolean all = "all".equals(System.getenv("RCK_PURGE"));
    for (Namespace ns : catalog.listNamespaces()) {
      if (all || KNOWN.contains(ns.toString())) {
        purge(catalog, ns);
      }
    }
  }

  private static void purge(RESTCatalog catalog, Namespace ns) {
    try {
      catalog.listTables(ns).forEach((TableIdentifier t) -> catalog.dropTable(t, false));
      catalog.listViews(ns).forEach(catalog::dropView);
      try {
        catalog.dropNamespace(ns);
      } catch (NamespaceNotEmptyException e) {
        catalog.listNamespaces(ns).forEach(child -> purge(catalog, child));
        catalog.dropNamespace(ns);
      }
    } catch (NoSuchNamespaceException e) {
      // gone already
    }
  }
}
