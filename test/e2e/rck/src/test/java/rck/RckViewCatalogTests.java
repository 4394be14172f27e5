package rck;

import java.io.IOException;
import java.util.Map;
import java.util.UUID;
import org.apache.iceberg.catalog.Catalog;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.view.ViewCatalogTests;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** Views: every test of Iceberg's ViewCatalogTests. */
public class RckViewCatalogTests extends ViewCatalogTests<RESTCatalog> {
  private static RESTCatalog restCatalog;

  @BeforeAll
  static void open() {
    restCatalog = Rck.connect("rck", Map.of());
  }

  @BeforeEach
  void clean() {
    Rck.purge(restCatalog);
  }

  @AfterAll
  static void close() throws IOException {
    Rck.purge(restCatalog);
    restCatalog.close();
  }

  @Override
  protected RESTCatalog catalog() {
    return restCatalog;
  }

  @Override
  protected Catalog tableCatalog() {
    return restCatalog;
  }

  /** RCK_BASE_LOCATION: where explicitly located views go instead of a temporary folder. */
  @Override
  protected String viewLocation(String... paths) {
    return Rck.baseLocation()
        .map(base -> base + "/views-" + UUID.randomUUID() + "/" + String.join("/", paths))
        .orElseGet(() -> super.viewLocation(paths));
  }

  @Override
  protected boolean requiresNamespaceCreate() {
    return Rck.flag("RCK_REQUIRES_NAMESPACE_CREATE", true);
  }

  @Override
  protected boolean supportsServerSideRetry() {
    return Rck.flag("RCK_SERVER_SIDE_RETRY", true);
  }

  @Override
  protected boolean overridesRequestedLocation() {
    return Rck.flag("RCK_OVERRIDES_LOCATION", false);
  }

  @Override
  protected boolean supportsEmptyNamespace() {
    return Rck.flag("RCK_EMPTY_NAMESPACE", false);
  }
}
