package dev.postern.web;

import dev.postern.internal.Text;

/** Media types by the last part of a file's name. */
final class FileTypes {
  private FileTypes() {}

  /** The type; {@code application/octet-stream} when it is unknown. */
  static String of(String fileName) {
    String extension = Text.lower(fileName.substring(fileName.lastIndexOf('.') + 1));
    String type =
        switch (extension) {
          case "html", "htm" -> "text/html";
          case "css" -> "text/css";
          case "js", "mjs" -> "text/javascript";
          case "txt", "text", "log" -> "text/plain";
          case "csv" -> "text/csv";
          case "md", "markdown" -> "text/markdown";
          case "ics" -> "text/calendar";
          case "vtt" -> "text/vtt";
          case "xml" -> "application/xml";
          case "xhtml" -> "application/xhtml+xml";
          case "atom" -> "application/atom+xml";
          case "rss" -> "application/rss+xml";
          case "json", "map" -> "application/json";
          case "jsonld" -> "application/ld+json";
          case "webmanifest" -> "application/manifest+json";
          case "wasm" -> "application/wasm";
          case "pdf" -> "application/pdf";
          case "zip" -> "application/zip";
          case "gz", "tgz" -> "application/gzip";
          case "tar" -> "application/x-tar";
          case "bz2" -> "application/x-bzip2";
          case "7z" -> "application/x-7z-compressed";
          case "jar" -> "application/java-archive";
          case "epub" -> "application/epub+zip";
          case "rtf" -> "application/rtf";
          case "doc" -> "application/msword";
          case "xls" -> "application/vnd.ms-excel";
          case "ppt" -> "application/vnd.ms-powerpoint";
          case "docx" -> "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
          case "xlsx" -> "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
          case "pptx" ->
              "application/vnd.openxmlformats-officedocument.presentationml.presentation";
          case "odt" -> "application/vnd.oasis.opendocument.text";
          case "ods" -> "application/vnd.oasis.opendocument.spreadsheet";
          case "odp" -> "application/vnd.oasis.opendocument.presentation";
          case "png" -> "image/png";
          case "jpg", "jpeg" -> "image/jpeg";
          case "gif" -> "image/gif";
          case "webp" -> "image/webp";
          case "avif" -> "image/avif";
          case "svg", "svgz" -> "image/svg+xml";
          case "ico" -> "image/vnd.microsoft.icon";
          case "bmp" -> "image/bmp";
          case "tif", "tiff" -> "image/tiff";
          case "mp3" -> "audio/mpeg";
          case "oga", "ogg", "opus" -> "audio/ogg";
          case "wav" -> "audio/wav";
          case "flac" -> "audio/flac";
          case "m4a" -> "audio/mp4";
          case "mp4", "m4v" -> "video/mp4";
          case "webm" -> "video/webm";
          case "ogv" -> "video/ogg";
          case "mov" -> "video/quicktime";
          case "woff" -> "font/woff";
          case "woff2" -> "font/woff2";
          case "ttf" -> "font/ttf";
          case "otf" -> "font/otf";
          default -> "application/octet-stream";
        };
    return type.startsWith("text/") ? type + "; charset=utf-8" : type;
  }
}
