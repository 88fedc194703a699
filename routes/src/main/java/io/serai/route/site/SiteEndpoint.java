package io.serai.route.site;

import io.serai.config.error.ErrorCode;
import io.serai.config.error.SeraiException;
import io.serai.route.site.connection.RemotePath;
import java.util.Locale;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * Deliver files to a partner's server and pull files from it, by SFTP, FTPS or HTTPS as its Site object says.
 *
 * <p>A delivery goes to a temporary name and is renamed when it is complete; whatever fails in between, a file is
 * delivered once.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "site",
        title = "Site",
        syntax = "site:name",
        category = {Category.FILE})
public class SiteEndpoint extends DefaultEndpoint {
    @UriPath(description = "The name of the Site object.")
    @Metadata(required = true)
    private String name = "";

    @UriParam(description = "The folder, taken from the site's own folder.")
    private String path = "";

    @UriParam(
            label = "producer",
            description = "The name of the file at the site, with ${header.CamelSerai...}, ${date:now:...} and"
                    + " ${exchangeProperty...} of the route. Without it: the header CamelSeraiFileName if the route changed"
                    + " it, else CamelFileName, which begins as the arrived file's name.")
    private @Nullable String fileName;

    @UriParam(
            label = "producer",
            defaultValue = TemporaryName.DEFAULT,
            description = "The pattern of names while a file is sent; must hold {id}.")
    private String temporaryName = TemporaryName.DEFAULT;

    @UriParam(
            label = "producer",
            defaultValue = "replace",
            enums = "replace,fail,rename",
            description =
                    "What happens when the site has a file of that name: it is replaced, the delivery is refused and"
                            + " parked, or the new file gets a number.")
    private String ifExists = "replace";

    @UriParam(
            label = "producer",
            defaultValue = "PUT",
            enums = "PUT,POST",
            description = "The method of a delivery by HTTPS.")
    private String method = "PUT";

    public SiteEndpoint(String uri, SiteComponent component) {
        super(uri, component);
    }

    @Override
    public SiteComponent getComponent() {
        return (SiteComponent) super.getComponent();
    }

    /** Refuses wrong options when the route is made, not when the first file comes. */
    void checkOptions() {
        RemotePath.folder("", path);
        ifExistsPolicy();
        temporaryNames();
        if (!method.equals("PUT") && !method.equals("POST")) {
            throw invalid("method=" + method + " is neither PUT nor POST");
        }
        if (fileName != null) {
            FileNames.check(fileName);
        }
    }

    SeraiException invalid(String what) {
        return new SeraiException(ErrorCode.INVALID, "site:" + name + ": " + what);
    }

    IfExists ifExistsPolicy() {
        try {
            return IfExists.valueOf(ifExists.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw invalid("ifExists=" + ifExists + " is none of replace, fail and rename");
        }
    }

    TemporaryName temporaryNames() {
        return new TemporaryName(temporaryName);
    }

    @Override
    public Producer createProducer() {
        return new SiteProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        throw invalid("cannot begin a route");
    }

    public String getName() {
        return name;
    }

    public void setName(String name) {
        this.name = name;
    }

    public String getPath() {
        return path;
    }

    public void setPath(String path) {
        this.path = path;
    }

    public @Nullable String getFileName() {
        return fileName;
    }

    public void setFileName(@Nullable String fileName) {
        this.fileName = fileName;
    }

    public String getTemporaryName() {
        return temporaryName;
    }

    public void setTemporaryName(String temporaryName) {
        this.temporaryName = temporaryName;
    }

    public String getIfExists() {
        return ifExists;
    }

    public void setIfExists(String ifExists) {
        this.ifExists = ifExists;
    }

    public String getMethod() {
        return method;
    }

    public void setMethod(String method) {
        this.method = method;
    }
}
