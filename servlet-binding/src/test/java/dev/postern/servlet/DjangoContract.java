package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WsgiApplication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A site of Debian's Django in workers, behind a servlet container: its wsgi.py as it is. */
abstract class DjangoContract extends ContainerContract {
  /** What {@code django-admin startproject} would spread over a few files. */
  private static final String SITE =
      """
      import os, sys
      from django.conf import settings
      settings.configure(
          DEBUG=False, ALLOWED_HOSTS=['127.0.0.1'], SECRET_KEY='k' * 50, ROOT_URLCONF=__name__,
          FILE_UPLOAD_MAX_MEMORY_SIZE=1024,
          MIDDLEWARE=['django.middleware.common.CommonMiddleware',
                      'django.middleware.csrf.CsrfViewMiddleware'],
          TEMPLATES=[{'BACKEND': 'django.template.backends.django.DjangoTemplates'}],
          LOGGING_CONFIG=None)
      import django
      django.setup()
      from django.core.wsgi import get_wsgi_application
      from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
      from django.template import engines
      from django.urls import path, reverse
      from django.views.decorators.csrf import csrf_exempt

      PAGE = '<form method="post">{% csrf_token %}<p>{{ name }}</p></form>'

      def page(request, name):
          if request.method == 'POST':
              return JsonResponse({'posted': request.POST['text'], 'pid': os.getpid()})
          template = engines['django'].from_string(PAGE)
          return HttpResponse(template.render({'name': name}, request))

      @csrf_exempt
      def upload(request):
          file = request.FILES['file']
          return JsonResponse({'name': file.name, 'size': file.size, 'sum': sum(file.read())})

      def where(request):
          return JsonResponse({'url': reverse('page', args=['x']), 'absolute': request.build_absolute_uri(),
                               'secure': request.is_secure(), 'pid': os.getpid()})

      def fails(request):
          raise ValueError('of the view')

      def stream(request):
          return StreamingHttpResponse((b'%05d\\n' % i for i in range(20000)), content_type='text/plain')

      urlpatterns = [path('page/<str:name>', page, name='page'), path('upload', upload), path('where', where),
                     path('fails', fails), path('stream', stream)]
      application = get_wsgi_application()
      """;

  @TempDir Path directory;

  private final HttpClient client = HttpClient.newHttpClient();
  private WorkerGroup group;
  private String url;

  DjangoContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  @BeforeEach
  void serveSite() throws Exception {
    if (!Files.exists(Path.of("/usr/lib/python3/dist-packages/django"))) {
      String message = "Django is not installed";
      if ("1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
        fail(message);
      }
      abort(message);
    }
    Path site = Files.writeString(directory.resolve("wsgi.py"), SITE);
    group = WorkerGroup.builder("site").processes(2).startupTimeout(Duration.ofSeconds(60)).build();
    WsgiApplication django = WsgiApplication.builder(site).workers(group).build();
    url =
        "http://127.0.0.1:"
            + start(Deployment.at("/app").application(django, "/site/*"))
            + "/app/site/";
  }

  @AfterEach
  void closeGroup() {
    if (group != null) {
      group.close();
    }
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(
        request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(HttpRequest.newBuilder(URI.create(url + path)));
  }

  @Test
  void page_isRendered() throws Exception {
    HttpResponse<String> page = get("page/caf%C3%A9%20%3Cb%3E");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("<p>café &lt;b&gt;</p>").contains("csrfmiddlewaretoken");
    // Jetty writes it without the space.
    assertThat(page.headers().firstValue("Content-Type").orElseThrow().replace(" ", ""))
        .isEqualTo("text/html;charset=utf-8");
  }

  @Test
  void addresses_haveThePlaceOfTheServlet() throws Exception {
    assertThat(get("where?a=1").body())
        .contains("\"url\": \"/app/site/page/x\"")
        .contains("\"absolute\": \"" + url + "where?a=1\"")
        .contains("\"secure\": false");
  }

  @Test
  void form_isAcceptedWithItsTokenAlone() throws Exception {
    HttpResponse<String> page = get("page/x");
    String cookie = page.headers().firstValue("Set-Cookie").orElseThrow().split(";")[0];
    String token = page.body().replaceAll("(?s).*value=\"([^\"]+)\".*", "$1");
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url + "page/x"))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Cookie", cookie);
    String form = "text=gr%C3%BC%C3%9Fe&csrfmiddlewaretoken=" + token;
    HttpResponse<String> posted =
        send(request.copy().POST(HttpRequest.BodyPublishers.ofString(form)));
    assertThat(posted.statusCode()).as(posted.body()).isEqualTo(200);
    assertThat(posted.body()).contains("gr\\u00fc\\u00dfe");
    assertThat(send(request.POST(HttpRequest.BodyPublishers.ofString("text=x"))).statusCode())
        .isEqualTo(403);
  }

  /** Of known length, and chunked. */
  @Test
  void upload_isWhole() throws Exception {
    byte[] content = "0123456789".repeat(30_000).getBytes(StandardCharsets.US_ASCII);
    String head =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.bin\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n";
    byte[] body =
        (head + new String(content, StandardCharsets.US_ASCII) + "\r\n--b--\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    HttpRequest.BodyPublisher known = HttpRequest.BodyPublishers.ofByteArray(body);
    // Without a length.
    HttpRequest.BodyPublisher chunked = HttpRequest.BodyPublishers.fromPublisher(known);
    for (HttpRequest.BodyPublisher publisher : List.of(known, chunked)) {
      HttpResponse<String> answer =
          send(
              HttpRequest.newBuilder(URI.create(url + "upload"))
                  .header("Content-Type", "multipart/form-data; boundary=b")
                  .POST(publisher));
      assertThat(answer.body())
          .contains("\"name\": \"f.bin\", \"size\": 300000, \"sum\": 15750000");
    }
  }

  @Test
  void failure_isTheSitesOwnPageAndTheWorkerGoesOn() throws Exception {
    String before = get("where").body();
    HttpResponse<String> failed = get("fails");
    assertThat(failed.statusCode()).isEqualTo(500);
    assertThat(failed.body()).contains("Server Error").doesNotContain("of the view");
    assertThat(get("where").body()).isEqualTo(before);
    assertThat(get("nowhere").statusCode()).isEqualTo(404);
  }

  @Test
  void stream_isWhole() throws Exception {
    String body = get("stream").body();
    assertThat(body).hasSize(120_000).startsWith("00000\n").endsWith("19999\n");
  }

  @Test
  void manyAtOnce_areServedByTwoProcesses() throws Exception {
    List<CompletableFuture<String>> all =
        IntStream.range(0, 40)
            .mapToObj(
                i ->
                    client
                        .sendAsync(
                            HttpRequest.newBuilder(URI.create(url + "where")).build(),
                            HttpResponse.BodyHandlers.ofString())
                        .thenApply(HttpResponse::body))
            .toList();
    Set<String> processes = new HashSet<>();
    for (CompletableFuture<String> one : all) {
      processes.add(one.get().replaceAll(".*\"pid\": ", ""));
    }
    assertThat(processes).hasSizeBetween(1, 2);
  }
}
