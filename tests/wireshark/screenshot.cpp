// SPDX-License-Identifier: GPL-2.0-only
//
// No test: makes the pictures docs/*.png (scripts/screenshot), with traffic of processes that it
// starts, in a network namespace without any other.
#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "tests/pcapng/files.h"
#include "tests/support/capture.h"
#include "tests/support/command.h"
#include "tests/support/netns.h"
#include "tests/support/process.h"
#include "tests/support/temporary_folder.h"
#include "tests/wireshark/gui.h"

using namespace test;

namespace {

constexpr const char* kCapturing = "Capturing from pidcap: lo";
constexpr int kRequestX = 700;
constexpr int kRequestY = 241;     // the sixth packet, curl's request
constexpr int kTlsRequestY = 313;  // the tenth, its request in TLS

// The place of a packet by its number, from 1, in a list that isn't scrolled.
int y_of(int number) {
    return 133 + 18 * number;
}

constexpr const char* kCount = R"(
local out = io.open(OUT .. "packets", "w")
local tap = Listener.new("frame")
function tap.packet(pinfo)
    out:write(pinfo.number, "\n")
    out:flush()
end
)";

Process as(const std::string& user, const std::string& command, const Netns& netns) {
    return Process(
        Launch{.arguments = {"setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups",
                             "env", "-i", "PATH=/usr/bin:/bin", "bash", "-c", command},
               .netns = &netns});
}

void publish(const std::string& picture, const std::string& name) {
    output_of({"convert", picture, "-strip", "+dither", "-colors", "256", "PNG8:" DOCS "/" + name});
}

// The window as it is once nothing changes any more, into docs/.
void save_picture(const Gui& gui, const std::string& name) {
    const std::string picture = gui.out("picture.png");
    const std::string before = gui.out("before.png");
    gui.take_picture(picture);
    wait_until("a picture that doesn't change", [&] {
        output_of({"mv", picture, before});
        output_of({"sleep", "1"});
        gui.take_picture(picture);
        return content_of(picture) == content_of(before);
    });
    publish(picture, name);
}

constexpr const char* kServer = R"(
cd $1 || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key \
    -out certificate -days 2 -subj /CN=shop.example 2>made || { cat made; exit 1; }
cat >configuration <<END
daemon off; pid $1/pid; error_log stderr notice; worker_processes 1; user www-data;
events {}
http { access_log off; client_body_temp_path $1/1; proxy_temp_path $1/2; fastcgi_temp_path $1/3;
       uwsgi_temp_path $1/4; scgi_temp_path $1/5;
       server { listen 192.0.2.80:443 ssl; ssl_certificate certificate; ssl_certificate_key key;
                location / { default_type text/html; return 200 "<h1>It works</h1>\n"; } } }
END
exec nginx -c $1/configuration >&2
)";

}  // namespace

TEST_CASE("screenshot of TLS in clear") {
    const Netns netns;
    netns.ip("address add 192.0.2.10/24 dev lo");
    netns.ip("address add 192.0.2.80/24 dev lo");
    const TemporaryFolder site;
    Process server(
        Launch{.arguments = {"bash", "-c", kServer, "server", site.path()}, .netns = &netns});
    server.wait_for("start worker process ");
    const std::string file = site.file("tls.pcapng");
    Capture capture(netns, {"-i", "lo", "--tls-keys", "-w", file, "tcp", "port", "443"});
    const auto ask = [&netns](const std::string& path) {
        REQUIRE(as("backup",
                   "curl -sk --interface 192.0.2.10 https://192.0.2.80/" + path + "; true", netns)
                    .wait() == 0);
    };
    ask("orders?id=7");
    capture.stop();
    server.signal(SIGTERM);  // the worker would outlive a master that is killed
    server.wait();
    output_of({"chmod", "-R", "a+rX", site.path()});

    const Gui gui(netns, {.arguments = {"-r", file, "-C", "Processes"},
                          .recent = "gui.geometry_main_upper_pane: 355\n"
                                    "gui.geometry_main_lower_pane: 860\n",
                          .script = kCount});
    gui.window("tls.pcapng");
    wait_until("the request in the list",
               [&] { return lines(content_of(gui.out("packets"))).size() >= 10; });
    gui.click(kRequestX, kTlsRequestY);
    gui.press("tls.pcapng", {"Tab", "End"});
    save_picture(gui, "tls.png");
}

// pidcap with the events of what a shell does as an ordinary user, into `file`.
void capture_shell(const Netns& netns, const std::string& file, const std::string& command) {
    Pidcap capture(Launch{
        .arguments = {"-i", "lo", "--event", "socket,process", "--event",
                      "drop if reason = NO_SOCKET or reason = NETFILTER_DROP", "--command-user",
                      "backup", "-w", file, "--", "bash", "-c", command + "; true"},
        .netns = &netns});
    REQUIRE(capture.wait() == 0);
    output_of({"chmod", "a+r", file});
}

TEST_CASE("screenshot of events") {
    const Netns netns;
    netns.ip("address add 192.0.2.10/24 dev lo");
    netns.ip("address add 192.0.2.80/24 dev lo");
    const TemporaryFolder site;
    output_of({"chmod", "755", site.path()});
    const std::string file = site.file("why.pcapng");
    capture_shell(netns, file,
                  "cd /; logger --udp --server 192.0.2.80 --port 514 hello; "
                  "curl -s --interface 192.0.2.10 http://192.0.2.80:81/");
    const Gui gui(netns, {.arguments = {"-r", file, "-C", "Processes"},
                          .recent = "gui.geometry_main_upper_pane: 355\n"
                                    "gui.geometry_main_lower_pane: 860\n",
                          .script = kCount});
    gui.window("why.pcapng");
    const std::string failed =
        gui.files().tshark({"-r", file, "-Y", "trace.name == \"socket:connect\"", "-T", "fields",
                            "-e", "frame.number"});
    const int number = std::stoi(failed);
    wait_until("the failed connection in the list", [&] {
        return lines(content_of(gui.out("packets"))).size() >= static_cast<size_t>(number);
    });
    gui.click(kRequestX, y_of(number));
    gui.press("why.pcapng", {"Tab", "End", "Up", "Right"});
    save_picture(gui, "events.png");
}

// The top of a report's page in Chromium, into docs/.
void publish_page(const TemporaryFolder& site, const std::string& file, int height,
                  const std::string& name) {
    const std::string page = site.file("report.html");
    output_of(pidcap_command({"report", file, "-o", page}));
    const std::string picture = site.file("report.png");
    output_of({"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--user-data-dir=" + site.file("profile"),
               "--window-size=1280," + std::to_string(height), "--virtual-time-budget=2000",
               // Else parts that aren't drawn yet are missing.
               "--run-all-compositor-stages-before-draw", "--screenshot=" + picture,
               "file://" + page});
    publish(picture, name);
}

// Addresses of two hosts on lo, whose sockets pass on in small pieces what is limited, and where
// what had to wait isn't sent at once.
void lay_out(const Netns& netns) {
    netns.ip("address add 192.0.2.10/24 dev lo");
    netns.ip("address add 192.0.2.80/24 dev lo");
    netns.sysctl("ipv4/tcp_rmem", "4096 16384 16384");
    netns.sysctl("ipv4/tcp_wmem", "4096 16384 16384");
    const InNetns inside(netns);
    output_of({"tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "40mbit", "burst", "128kb",
               "limit", "4mb"});
}

// Many programs of a machine, for some ten seconds; one of them lies in a temporary folder.
constexpr const char* kOffice = R"(
as() { setpriv --reuid="$1" --regid="$1" --clear-groups env -i PATH=/usr/bin:/bin bash -c "$2" & }
web=http://mirror.example:8000
get='curl -s -o /dev/null --interface 192.0.2.10 --connect-to ::192.0.2.80:'
cd "$1" || exit 1
chmod 755 .
head -c 4000000 /dev/zero >backup.tar
cp /usr/bin/curl kworkerd
chmod 755 backup.tar kworkerd
as www-data 'exec python3 -m http.server --bind 192.0.2.80 8000 >/dev/null 2>&1'
server=$!
until ss -ltn | grep -q :8000; do sleep 0.2; done
as www-data "for i in \$(seq 22); do ./kworkerd ${get#curl} http://update.example:8000/status; sleep 0.4; done"
as daemon "redis-server --port 6379 --save '' >/dev/null & sleep 0.5
    redis-cli -r 140 -i 0.06 set session $(printf 'x%.0s' $(seq 3000)) >/dev/null; kill \$!"
as irc 'ping -q -i 0.4 -c 22 192.0.2.80 >/dev/null'
sleep 0.6
as backup "$get --limit-rate 500k $web/backup.tar"
sleep 0.8
as games "$get --limit-rate 900k http://shop.example:8000/backup.tar"
sleep 2.4
as www-data 'timeout 5 nc -lk 192.0.2.80 4444 >/dev/null'
as mail 'sleep 0.5; for i in $(seq 40); do head -c 30000 backup.tar; sleep 0.06; done |
    nc -q 0 -s 192.0.2.10 192.0.2.80 4444'
$get http://status.example:81/
sleep 2.5
as games "$get --limit-rate 1500k http://shop.example:8000/backup.tar"
wait $(jobs -p | grep -v "^$server\$")
kill "$server"
)";

TEST_CASE("screenshot of a report") {
    const Netns netns;
    lay_out(netns);
    const TemporaryFolder site;
    const std::string file = site.file("host.pcapng");
    Pidcap capture(Launch{
        .arguments = {"-i", "lo", "-w", file, "--", "bash", "-c", kOffice, "office", site.path()},
        .netns = &netns});
    REQUIRE(capture.wait() == 0);
    publish_page(site, file, 1390, "report.png");
}

TEST_CASE("screenshot of a report with events") {
    const Netns netns;
    lay_out(netns);
    {
        const InNetns inside(netns);
        output_of({"nft",
                   "add table inet t; add chain inet t in { type filter hook input priority "
                   "0 ; }; add rule inet t in tcp dport 443 drop"});
    }
    const TemporaryFolder site;
    output_of({"chmod", "755", site.path()});
    output_of({"truncate", "-s", "4M", site.file("backup.tar")});
    output_of({"chmod", "644", site.file("backup.tar")});
    Process server = as(
        "www-data",
        "cd " + site.path() + "; exec python3 -u -m http.server --bind 192.0.2.80 8000 >&2", netns);
    server.wait_for("Serving");
    const std::string file = site.file("host.pcapng");
    capture_shell(
        netns, file,
        "cd /; web=http://192.0.2.80; get='curl -s -o /dev/null --interface 192.0.2.10'\n"
        "$get --limit-rate 600k $web:8000/backup.tar & sleep 1\n"
        "for i in 1 2 3; do $get $web:81/; sleep 0.4; done\n"
        "$get -m 2 https://192.0.2.80/ & sleep 0.5\n"
        "wget -q -O /dev/null --limit-rate=400k $web:8000/backup.tar & sleep 3; kill -9 $!\n"
        "$get $web:81/; sleep 0.5; $get --limit-rate 2M $web:8000/backup.tar; wait");
    publish_page(site, file, 1250, "report-events.png");
}

TEST_CASE("screenshot of a live capture") {
    const Netns netns;
    netns.ip("address add 192.0.2.10/24 dev lo");
    netns.ip("address add 192.0.2.80/24 dev lo");
    const TemporaryFolder site;
    output_of(
        {"bash", "-c",
         "chmod 755 " + site.path() + "; echo '<h1>It works</h1>' > " + site.file("index.html")});
    Process server = as(
        "www-data",
        "cd " + site.path() + "; exec python3 -u -m http.server --bind 192.0.2.80 8000 >&2", netns);
    server.wait_for("Serving");

    const Gui gui(netns, {.arguments = {"-k", "-i", "pidcap-lo", "-C", "Processes"},
                          .recent = "gui.geometry_main_upper_pane: 395\n"
                                    "gui.geometry_main_lower_pane: 860\n",
                          .script = kCount});
    gui.window(kCapturing);
    const auto wait_for_packets = [&gui](size_t count) {
        wait_until("packets",
                   [&] { return lines(content_of(gui.out("packets"))).size() >= count; });
    };
    // From a shell, so that this is the parent that the picture shows.
    const auto run_as = [&netns](const std::string& user, const std::string& command) {
        REQUIRE(as(user, command + "; true", netns).wait() == 0);
    };
    run_as("root", "ping -q -c 1 192.0.2.80");
    wait_for_packets(2);
    run_as("backup", "curl -s --interface 192.0.2.10 http://192.0.2.80:8000/");
    wait_for_packets(12);
    run_as("daemon", "logger --udp --server 192.0.2.80 --port 514 hello");
    wait_for_packets(14);
    run_as("root", "ping -q -c 1 192.0.2.80");
    wait_for_packets(16);

    // The request, and in its details the processes opened, which stand last.
    gui.click(kRequestX, kRequestY);
    gui.press(kCapturing, {"Tab", "End", "Up", "Right", "End"});
    save_picture(gui, "wireshark.png");
}
