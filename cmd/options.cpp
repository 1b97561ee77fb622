// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cmd/command_line.h"
#include "cmd/event_options.h"
#include "cmd/help.h"
#include "cmd/line_options.h"
#include "cmd/option_reader.h"
#include "cmd/process_filter_options.h"
#include "cmd/recorder/recorder_option_reader.h"
#include "cmd/settings_file.h"
#include "cmd/tcpdump_options.h"
#include "cmd/values.h"
#include "packet/line/terminal_text.h"
#include "pcapng/result.h"

namespace cmd {
namespace {

constexpr uint64_t kBufferMaxKib = 4U << 20;
constexpr uint64_t kFilesMax = 1'000'000;
constexpr size_t kInterfaceNameMax = 127;  // ALTIFNAMSIZ with its NUL; IFNAMSIZ is shorter

// pidcap's own options. Values stay text until values.h reads them.
struct DeclaredOptions {
    CommandLine line{""};
    const Option& config = line.value("--config");
    const Option& interface = line.value("-i", "--interface");
    const Option& netns = line.value("--netns");
    const Option& hook = line.value("--hook");
    const Option& tracing = line.value("--tracing");
    const Option& btf = line.value("--btf");
    const Option& output = line.value("-w", "--write");
    const Option& rotate_size = line.value("-C,--rotate-size");
    const Option& rotate_time = line.value("-G,--rotate-time");
    const Option& rotate_count = line.value("-W,--rotate-count");
    const Option& rotate_command = line.value("-z,--rotate-command");
    const Option& rotate_at_clock = line.flag("--rotate-at-clock");
    const Option& rotate_at_start = line.flag("--rotate-at-start");
    const Option& keep_free = line.value("--keep-free");
    DeclaredRecorderOptions recorder{line};
    const Option& compress = line.value("--compress");
    const Option& snaplen = line.value("-s", "--snaplen,--snapshot-length");
    const Option& direction = line.value("-Q", "--direction");
    const Option& no_promiscuous = line.flag("-p", "--no-promiscuous-mode");
    const Option& buffer = line.value("-B,--buffer", "--buffer-size");
    const Option& count = line.value("-c", "--count");
    const Option& duration = line.value("--duration");
    const Option& filter = line.value("--filter");
    const Option& filter_file = line.value("-F", "--filter-file");
    const Option& list_filter = line.flag("-d");
    const Option& list_ebpf = line.flag("--ebpf");
    const Option& no_optimize = line.flag("-O", "--no-optimize");
    const Option& link_type = line.value("-y", "--linktype");
    const Option& list_link_types = line.flag("-L", "--list-data-link-types");
    ProcessFilterOptions processes{line};
    const Option& no_process = line.flag("--no-process");
    const Option& comments = line.value("--comments");
    const Option& process_blocks = line.flag("--process-blocks");
    const Option& container_addresses = line.flag("--container-addresses");
    const Option& host = line.value("--host");
    const Option& no_host = line.flag("--no-host");
    DeclaredKeyOptions keys{line};
    DeclaredEventOptions events{line};
    const Option& run_as = line.value("-Z,--run-as", "--relinquish-privileges");
    const Option& command_user = line.value("--command-user");
    const Option& mode = line.value("--mode");
    const Option& list_interfaces = line.flag("-D", "--list-interfaces");
    LineOptions looks{line};
    const Option& print = line.flag("--print");
    const Option& lines_as_json = line.flag("--json");
    const Option& read_file = line.value("-r");
    TcpdumpOptions tcpdump{line, TcpdumpOptions::For::kCapture};
    const Option& version = line.flag("--version");
    const Option& help = line.flag("-h,--help");
    CommandLine& doctor = line.subcommand("doctor");
    const Option& json = doctor.flag("--json");
    const Option& doctor_btf = doctor.value("--btf");
    const Option& doctor_help = doctor.flag("-h,--help");
    CommandLine& setup = line.subcommand("setup-wireshark");
    const Option& remove = setup.flag("--remove");
    const Option& check = setup.flag("--check");
    const Option& group = setup.value("--group");
    const Option& setup_help = setup.flag("-h,--help");
};

// What is wrong with a name, if anything.
std::optional<Error> check_interface(const std::string& name) {
    if (name.empty() || name.size() > kInterfaceNameMax) {
        return Error{fmt::format("-i {}: no interface has this name: names have 1 to {} bytes",
                                 packet::printable(name), kInterfaceNameMax)};
    }
    return std::nullopt;
}

void read_where(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    reader.each(declared.interface, [&](const std::string& name) {
        options.interfaces.push_back(name);
        return check_interface(name);
    });
    if (options.interfaces.empty()) {
        options.interfaces.emplace_back("any");
    }
    reader.each(declared.netns, [&](const std::string& text) -> std::optional<Error> {
        options.netns.push_back(text);
        return text.empty() ? std::optional(Error{"--netns: the name is empty"}) : std::nullopt;
    });
    using capture::Hook;
    reader.word(declared.hook, capture::kHookNames, options.hook);
    const bool chosen =
        options.interfaces != std::vector<std::string>{"any"} || !options.netns.empty();
    reader.refuse_if(
        options.hook == Hook::kCgroup && chosen,
        "--hook cgroup sees all interfaces of all network namespaces: leave out -i and "
        "--netns");
    using capture::Tracing;
    static constexpr std::array<std::pair<std::string_view, std::optional<Tracing>>, 4> kTracings{
        {{"auto", std::nullopt},
         {"fentry", Tracing::kFentry},
         {"kprobe", Tracing::kKprobe},
         {"syscalls", Tracing::kSyscalls}}};
    reader.word(declared.tracing, kTracings, options.tracing);
    reader.path(declared.btf, options.btf);
    using Sides = std::pair<bool, bool>;
    static constexpr std::array<std::pair<std::string_view, Sides>, 3> kDirections{
        {{"in", {true, false}}, {"out", {false, true}}, {"inout", {true, true}}}};
    Sides sides{options.in, options.out};
    reader.word(declared.direction, kDirections, sides);
    std::tie(options.in, options.out) = sides;
    options.promiscuous = !declared.no_promiscuous.given();
    reader.once(declared.link_type, [&](const std::string& name) -> std::optional<Error> {
        options.link_type = name;
        return std::nullopt;
    });
}

void read_process_filter(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    ProcessOptionValues values = declared.processes.values();
    values.command = !options.command.empty();
    reader.take(read_process_options(values), options.process_filter);
    if (reader.error()) {
        return;
    }
    options.finds_processes = !declared.no_process.given();
    const bool asks =
        values.command ||
        !conditions_of(options.process_filter, std::nullopt).expression.is_always_true();
    reader.refuse_if(!options.finds_processes && asks,
                     "--no-process: no packet would be one of the selected processes");
}

void read_what(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    reader.once(declared.output, [&](const std::string& file) -> std::optional<Error> {
        options.output = file;
        return file.empty() ? std::optional(Error{"-w: the file name is empty"}) : std::nullopt;
    });
    reader.number(declared.snaplen, 0, PIDCAP_SNAPLEN_MAX, options.snaplen);
    if (options.snaplen == 0) {
        options.snaplen = PIDCAP_SNAPLEN_MAX;  // as for tcpdump
    }
    reader.number(declared.buffer, 1, kBufferMaxKib, options.buffer_kib);
    using capture::Comments;
    static constexpr std::array<std::pair<std::string_view, Comments>, 4> kComments{
        {{"full", Comments::kFull},
         {"intro", Comments::kIntro},
         {"short", Comments::kShort},
         {"none", Comments::kNone}}};
    reader.word(declared.comments, kComments, options.comments);
    options.process_blocks = declared.process_blocks.given();
    options.container_addresses = declared.container_addresses.given();
    const bool shapes_file =
        options.process_blocks || options.container_addresses || declared.comments.given();
    reader.refuse_if(shapes_file && !options.output,
                     "--comments, --process-blocks and --container-addresses say what goes into a "
                     "file: add -w FILE");
    reader.once(declared.host,
                [&](const std::string& text) { return store(parse_host(text), options.host); });
    reader.refuse_if(declared.host.given() && declared.no_host.given(),
                     "--host and --no-host exclude each other");
    if (declared.no_host.given()) {
        options.host = "";
    }
    reader.refuse_if(options.host && !options.output,
                     "--host and --no-host say whose a file is: add -w FILE");
    if (!options.finds_processes) {
        reader.refuse_if(shapes_file, "--no-process: nothing is known of processes then");
        reader.refuse_if(!options.output, "--no-process writes packets only: add -w FILE");
        options.comments = Comments::kNone;
    }
}

// What can't be done with the file of -w, if anything.
std::optional<Error> check_rotated(const std::string& output, const RotationOptions& rotation) {
    const FilePattern pattern = split_pattern(output);
    if (output == "-") {
        return Error{"-w - writes one file: leave out -C, -G and --ring"};
    }
    if (pattern.name.empty()) {
        return Error{fmt::format("-w {}: name a file in it", packet::printable(output))};
    }
    if (!rotation.interval && !rotation.by_trigger) {
        return std::nullopt;
    }
    const std::string name = name_at(pattern.name, 0);
    if (pattern.folder.find('%') != std::string::npos || name.find('/') != std::string::npos) {
        return Error{fmt::format(
            "-w {}: with -G and --ring the time may stand in the file's name, not in its "
            "folder's",
            packet::printable(output))};
    }
    if (name.empty()) {
        return Error{fmt::format("-w {}: strftime(3) makes no file name of this",
                                 packet::printable(output))};
    }
    return std::nullopt;
}

void read_rotation(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    RotationOptions& rotation = options.rotation;
    reader.once(declared.rotate_size, [&](const std::string& text) {
        return store(parse_size("-C", text), rotation.size);
    });
    reader.once(declared.rotate_time, [&](const std::string& text) {
        return store(parse_seconds("-G", text), rotation.interval);
    });
    reader.number(declared.rotate_count, 1, kFilesMax, rotation.count);
    reader.once(declared.rotate_command, [&](const std::string& text) -> std::optional<Error> {
        rotation.command = text;
        return text.empty() ? std::optional(Error{"-z: the command is empty"}) : std::nullopt;
    });
    reader.once(declared.keep_free, [&](const std::string& text) {
        return store(parse_size("--keep-free", text), rotation.keep_free);
    });
    rotation.from_start = declared.rotate_at_start.given();
    read_recorder(declared.recorder, reader, options.recorder, rotation);
    static constexpr std::array<std::pair<std::string_view, bool>, 2> kCompressions{
        {{"zstd", true}, {"none", false}}};
    reader.word(declared.compress, kCompressions, options.compress);
    reader.refuse_if(declared.compress.given() && !options.output,
                     "--compress says how a file is written: add -w FILE");
    reader.refuse_if(declared.rotate_at_clock.given() && rotation.from_start,
                     "--rotate-at-clock and --rotate-at-start exclude each other");
    reader.refuse_if(
        (declared.rotate_at_clock.given() || rotation.from_start) && !rotation.interval,
        "--rotate-at-clock and --rotate-at-start say when -G begins a new file: add "
        "-G SECONDS");
    reader.refuse_if(
        !rotation.several_files() && (rotation.count || rotation.command || rotation.keep_free),
        "-W, -z and --keep-free are for several files: add -C SIZE or -G "
        "SECONDS");
    check_recorder(declared.recorder, reader, rotation, options.output);
    reader.refuse_if(rotation.rotates() && !options.output,
                     "-C and -G say when to go on in another file: add -w FILE");
    if (rotation.several_files() && options.output) {
        if (const auto error = check_rotated(*options.output, rotation)) {
            reader.refuse_if(true, error->message);
        }
    }
}

// Words that no option took are the filter, as for tcpdump.
void read_words(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    for (const std::string& word : declared.line.others()) {
        reader.refuse_if(word.starts_with('-') && word.size() > 1,
                         fmt::format("{}: no such option", packet::printable(word)));
        options.filter += (options.filter.empty() ? "" : " ") + word;
    }
}

// Options that say the same thing in different ways: if one of them is on the command line, the
// file's others count as little as its own would.
std::vector<std::string_view> replaced_settings(const DeclaredOptions& declared,
                                                const Options& options) {
    std::vector<std::string_view> replaced;
    if (!options.filter.empty() || declared.filter.given() || declared.filter_file.given()) {
        replaced.insert(replaced.end(), {"filter", "filter-file"});
    }
    if (declared.host.given() || declared.no_host.given()) {
        replaced.insert(replaced.end(), {"host", "no-host"});
    }
    if (declared.rotate_at_clock.given() || declared.rotate_at_start.given()) {
        replaced.insert(replaced.end(), {"rotate-at-clock", "rotate-at-start"});
    }
    return replaced;
}

void read_config(DeclaredOptions& declared, OptionReader& reader, Options& options) {
    reader.once(declared.config, [&](const std::string& path) -> std::optional<Error> {
        options.config = path;
        const auto file = read_settings_file(path);
        if (!file) {
            return Error{"--config: " + file.error().message};
        }
        for (const Setting& setting : file->settings) {
            if (setting.name == "config" || setting.name == "help" || setting.name == "version") {
                return Error{fmt::format("{}: {}: only on the command line",
                                         file->place_of(setting), setting.name)};
            }
        }
        const auto added = declared.line.add_settings(*file, replaced_settings(declared, options));
        return added ? std::nullopt : std::optional(added.error());
    });
    options.settings = declared.line.settings();
}

void read_which(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    const auto alone = [&] {
        const bool twice = !options.filter.empty() || options.filter_file;
        return twice ? std::optional(Error{"the filter is given twice: use one of words at the "
                                           "end, --filter and -F"})
                     : std::nullopt;
    };
    reader.once(declared.filter, [&](const std::string& text) {
        auto error = alone();
        options.filter += text;
        return error;
    });
    reader.once(declared.filter_file, [&](const std::string& file) -> std::optional<Error> {
        auto error = alone();
        options.filter_file = file;
        return file.empty() ? Error{"-F: the file name is empty"} : error;
    });
    options.list_filter = static_cast<int>(declared.list_filter.count());
    reader.refuse_if(options.list_filter > 3, "-d is given more than three times");
    options.list_ebpf = declared.list_ebpf.given();
    reader.refuse_if(options.list_ebpf && options.list_filter != 1,
                     "--ebpf lists the filter in another language: add -d");
    options.optimize = !declared.no_optimize.given();
    reader.refuse_if(options.list_filter > 0 && options.filter.empty() && !options.filter_file,
                     "-d lists a filter: give one");
}

void read_rights(const DeclaredOptions& declared, OptionReader& reader, Options& options,
                 Users users) {
    reader.once(declared.run_as, [&](const std::string& text) {
        return store(parse_user("-Z", text, users), options.run_as);
    });
    reader.once(declared.command_user, [&](const std::string& text) {
        return store(parse_user("--command-user", text, users), options.command_user);
    });
    reader.refuse_if(declared.command_user.given() && options.command.empty(),
                     "--command-user is for a command: add -- COMMAND");
    reader.mode(declared.mode, options.mode);
    options.rotation.mode = options.mode;
    reader.refuse_if(declared.mode.given() && (!options.output || options.output == "-"),
                     "--mode is for files that are made: add -w FILE");
}

void read_events(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    read_event_options(declared.events, reader, options.events);
    reader.refuse_if(
        !options.events.packets && !options.events.any() && !declared.keys.plaintext.given(),
        "--no-packets leaves events only: add --event NAME, --sample TIME or --tls-plaintext");
    reader.refuse_if(
        !options.events.packets && (!options.filter.empty() || options.filter_file.has_value()),
        "--no-packets: there is nothing that the filter could choose");
    reader.refuse_if(!options.finds_processes && options.events.any(),
                     "--no-process writes packets only: leave --event and --sample out");
}

void read_until(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    reader.number(declared.count, 1, std::numeric_limits<uint64_t>::max(), options.count);
    reader.once(declared.duration, [&](const std::string& text) {
        return store(parse_duration("--duration", text), options.duration);
    });
}

void read_looks(const DeclaredOptions& declared, OptionReader& reader, Options& options) {
    read_line_options(declared.looks, reader, options.line, options.color);
    options.print = declared.print.given();
    options.lines_as_json = declared.lines_as_json.given();
    reader.refuse_if(options.lines_as_json && options.output && !options.print,
                     "--json says what is printed: leave -w out, or add --print");
    reader.refuse_if(options.print && options.output == "-",
                     "--print and -w - would both write to standard output");
    reader.refuse_if(!options.finds_processes && options.print,
                     "--no-process writes packets only: leave --print out");
    declared.tcpdump.check(reader);
}

std::variant<Options, Stop> read_doctor(const DeclaredOptions& declared, size_t arguments,
                                        bool has_command) {
    const std::vector<std::string> strays = declared.doctor.others();
    if (!strays.empty()) {
        return usage_error(fmt::format("doctor {}: doctor takes --json and --btf, and nothing else",
                                       packet::printable(strays.front())));
    }
    // Everything else on the line belongs to a capture. A value is an argument of its own, or not.
    const size_t least = 1 + declared.json.count() + declared.doctor_btf.count();
    if (declared.doctor.count() > 1 || arguments < least ||
        arguments > least + declared.doctor_btf.count() || has_command) {
        return usage_error("doctor takes --json and --btf, and nothing else");
    }
    Options options;
    OptionReader reader;
    reader.path(declared.doctor_btf, options.btf);
    if (reader.error()) {
        return usage_error(reader.error()->message);
    }
    options.action = Options::Action::kDoctor;
    options.json = declared.json.given();
    return options;
}

std::variant<Options, Stop> read_setup(const DeclaredOptions& declared, bool has_command) {
    const std::vector<std::string> strays = declared.setup.others();
    if (!strays.empty()) {
        return usage_error(
            fmt::format("setup-wireshark {}: setup-wireshark takes --remove, "
                        "--check or --group NAME, and nothing else",
                        packet::printable(strays.front())));
    }
    const size_t remove = declared.remove.count();
    const size_t check = declared.check.count();
    const size_t groups = declared.group.count();
    // Everything else on the line belongs to a capture.
    const bool more = declared.line.any_option_given() || !declared.line.others().empty();
    if (more || has_command || declared.setup.count() > 1 || remove + check + groups > 1) {
        return usage_error(
            "setup-wireshark takes one of --remove, --check and --group NAME, and nothing else");
    }
    if (groups > 0 && declared.group.values.front().empty()) {
        return usage_error("--group: the name is empty");
    }
    Options options;
    options.action = Options::Action::kSetupWireshark;
    if (remove > 0) {
        options.setup = Options::Setup::kRemove;
    } else if (check > 0) {
        options.setup = Options::Setup::kCheck;
    } else if (groups > 0) {
        options.group = declared.group.values.front();
    }
    return options;
}

std::variant<Options, Stop> read_capture(DeclaredOptions& declared, Options options, Users users) {
    OptionReader reader;
    read_words(declared, reader, options);
    read_config(declared, reader, options);
    read_which(declared, reader, options);
    read_where(declared, reader, options);
    read_process_filter(declared, reader, options);
    read_what(declared, reader, options);
    read_rotation(declared, reader, options);
    read_events(declared, reader, options);
    read_key_options(declared.keys, reader, options.output, options.keys);
    read_until(declared, reader, options);
    read_rights(declared, reader, options, users);
    read_looks(declared, reader, options);
    if (reader.error()) {
        const std::string& message = reader.error()->message;
        const std::string place = declared.line.place_of_error(message);
        return usage_error(place.empty() ? message : fmt::format("{}: {}", place, message));
    }
    if (options.list_filter > 0) {
        options.action = Options::Action::kListFilter;
    }
    if (declared.list_link_types.given()) {
        options.action = Options::Action::kListLinkTypes;
    }
    if (declared.list_interfaces.given()) {
        options.action = Options::Action::kListInterfaces;
    }
    return options;
}

// Without tcpdump's --count, which has no value and is for files. Ours has one.
std::vector<std::string> without_bare_count(std::span<const std::string> arguments) {
    std::vector<std::string> words;
    for (size_t i = 0; i < arguments.size(); i++) {
        const bool has_number =
            i + 1 < arguments.size() && !arguments[i + 1].empty() &&
            arguments[i + 1].find_first_not_of("0123456789") == std::string::npos;
        if (arguments[i] != "--count" || has_number) {
            words.push_back(arguments[i]);
        }
    }
    return words;
}

}  // namespace

std::variant<Options, Stop> parse_options(std::span<const std::string> arguments, Users users) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    const bool has_command = end != arguments.end();
    Options options;
    options.arguments.assign(arguments.begin(), arguments.end());
    if (has_command) {
        options.command.assign(end + 1, arguments.end());
        if (options.command.empty()) {
            return usage_error("no command is given after --");
        }
    }
    DeclaredOptions declared;
    const size_t count = static_cast<size_t>(end - arguments.begin());
    // It has options of its own, which are others than a capture's.
    const std::vector<std::string> words =
        declared.line.split_letters(without_bare_count(arguments.first(count)));
    if (declared.line.has_letter(words, "-r")) {
        if (has_command) {
            return usage_error("-r reads a file: leave -- COMMAND out");
        }
        options.action = Options::Action::kRead;
        return options;
    }
    if (auto wrong = declared.line.parse(arguments.first(count))) {
        return *wrong;
    }
    if (declared.doctor_help.given()) {
        return help_of("doctor");
    }
    if (declared.setup_help.given()) {
        return help_of("setup-wireshark");
    }
    if (declared.help.given()) {
        return help_of("");
    }
    if (declared.version.given()) {
        return Stop{kExitDone, version_text()};
    }
    if (declared.doctor.given()) {
        return read_doctor(declared, count, has_command);
    }
    if (declared.setup.given()) {
        return read_setup(declared, has_command);
    }
    return read_capture(declared, std::move(options), users);
}

}  // namespace cmd
