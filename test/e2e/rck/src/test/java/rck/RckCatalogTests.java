package rck;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.iceberg.catalog.CatalogTests;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.rest.RESTCatalog;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables and namespaces: every test of Iceberg's CatalogTests. */
public class RckCatalogTests extends CatalogTests<RESTCatalog> {
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
  protected RESTCatalog initCatalog(String name, Map<String, String> props) {
    return Rck.connect(name, props);
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
  protected boolean supportsNestedNamespaces() {
    return Rck.flag("RCK_NESTED", true);
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return Rck.flag("RCK_SLASHES", true);
  }

  @Override
  protected boolean supportsNamesWithDot() {
    return Rck.flag("RCK_DOTS", true);
  }

  @Override
  protected boolean supportsEmptyNamespace() {
    return Rck.flag("RCK_EMPTY_NAMESPACE", false);
  }

  /** RCK_BASE_LOCATION: where explicitly located tables go instead of file:/tmp. */
  @Override
  protected String baseTableLocation(TableIdentifier identifier) {
    return Rck.baseLocation()
        .map(base -> base + "/" + identifier.namespace() + "/" + identifier.name())
        .orElseGet(() -> super.baseTableLocation(identifier));
  }

  /** Moves the metadata file away with java.nio. */
  @Override
  @Test
  public void testLoadTableWithMissingMetadataFile(@TempDir Path tempDir) throws IOException {
    Assumptions.assumeTrue(Rck.baseLocation().isEmpty(), "only local files can be moved");
    super.testLoadTableWithMissingMetadataFile(tempDir);
  }

  /** Needs a catalog property (unique-table-location) of the server, not of the client. */
  @Override
  @Test
  public void createTableInUniqueLocation() {
    Assumptions.assumeTrue(
        Rck.flag("RCK_UNIQUE_LOCATION", false), "server without unique-table-location");
    super.createTableInUniqueLocation();
  }
}
