// A declared source that we do not serve is found, and what is no source is not.
package io.github.evercreds.internal;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;

import io.github.evercreds.Order;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

public class DeclaredSourcesTest {
    @Rule
    public final TemporaryFolder home = new TemporaryFolder();

    private final Map<String, String> env = new HashMap<>();
    private final Map<String, String> properties = new HashMap<>();

    @Before
    public void folder() throws IOException {
        home.newFolder(".aws");
    }

    private String find(Order order) {
        return DeclaredSources.find(order, new SystemInputs(env, properties), home.getRoot().toString());
    }

    private void write(String name, String... lines) throws IOException {
        Path file = home.getRoot().toPath().resolve(name);
        Files.write(file, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    public void nothing_declared_is_ours_to_serve() {
        assertNull(find(Order.V1));
        assertNull(find(Order.V2));
    }

    @Test
    public void variables_of_sources_that_we_do_not_serve_are_named() {
        for (String name : new String[] {"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_PROFILE"}) {
            env.clear();
            env.put(name, "/x");
            assertEquals("the environment variable " + name, find(Order.V1));
            assertEquals("the environment variable " + name, find(Order.V2));
        }
    }

    @Test
    public void properties_count_for_the_sdk_that_reads_them() {
        properties.put("aws.webIdentityTokenFile", "/x");
        assertNull(find(Order.V1));
        assertEquals("the JVM property aws.webIdentityTokenFile", find(Order.V2));
    }

    @Test
    public void complete_static_keys_win_in_their_own_sdks_spelling() {
        env.put("AWS_WEB_IDENTITY_TOKEN_FILE", "/x");
        env.put("AWS_ACCESS_KEY", "AKID");
        env.put("AWS_SECRET_KEY", "secret");
        assertNull(find(Order.V1));
        assertTrue(find(Order.V2).contains("AWS_WEB_IDENTITY_TOKEN_FILE"));
        env.remove("AWS_SECRET_KEY");
        assertTrue(find(Order.V1).contains("AWS_WEB_IDENTITY_TOKEN_FILE"));
    }

    @Test
    public void a_default_profile_with_a_source_is_found_and_one_with_a_region_is_none() throws IOException {
        write(".aws/config", "[default]", "region = eu-central-1", "output=json", "[profile other]", "role_arn = arn:x");
        assertNull(find(Order.V2));
        write(".aws/config", "[ profile  default ]", "  credential_process = /bin/x");
        assertTrue(find(Order.V2), find(Order.V2).contains(".aws/config"));
        write(".aws/config", "");
        write(".aws/credentials", "[default]", "aws_access_key_id = AKID");
        assertTrue(find(Order.V1), find(Order.V1).contains(".aws/credentials"));
    }

    @Test
    public void a_file_that_is_named_takes_the_place_of_the_usual_one() throws IOException {
        write(".aws/credentials", "[default]", "aws_access_key_id = AKID");
        write("elsewhere", "[default]", "region=x");
        env.put("AWS_SHARED_CREDENTIALS_FILE", home.getRoot() + "/elsewhere");
        assertNull(find(Order.V2));
        write("elsewhere", "[default]", "sso_session=x");
        assertTrue(find(Order.V2).contains("elsewhere"));
    }
}
