// How is a picture written down?
package io.github.evercreds.demo;

import java.util.Locale;

/** The few shapes that the picture needs, as a self-contained SVG: no script, no font, no link. */
public final class Svg {
    private final StringBuilder body = new StringBuilder();
    private final int width;

    public Svg(int width) {
        this.width = width;
    }

    public Svg rect(double x, double y, double w, double h, String style, String hint) {
        body.append(String.format(Locale.ROOT, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" %s>", x, y, w, h, style));
        if (hint != null) {
            body.append("<title>").append(escape(hint)).append("</title>");
        }
        body.append("</rect>\n");
        return this;
    }

    public Svg line(double x1, double y1, double x2, double y2, String style) {
        body.append(String.format(Locale.ROOT, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style));
        return this;
    }

    public Svg path(String d, String style) {
        body.append("<path d=\"").append(d).append("\" ").append(style).append("/>\n");
        return this;
    }

    public Svg text(double x, double y, String style, String words) {
        body.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style)).append(escape(words)).append("</text>\n");
        return this;
    }

    /** The whole file. */
    public String file(int height, String title) {
        return String.format(Locale.ROOT, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                + "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n<title>%s</title>\n", width, height, width, height, escape(title))
                + "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" + body + "</svg>\n";
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
