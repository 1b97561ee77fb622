// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cmd/help.h"
#include "cmd/option_reader.h"
#include "cmd/values.h"
#include "cmd/whose_options.h"
#include "packet/line/terminal_text.h"
#include "pcapng/result.h"

namespace cmd {
namespace {

constexpr uint64_t kBufferMaxKib = 4U << 20;
constexpr size_t kInterfaceNameMax = 15;  // IFNAMSIZ with its NUL

// The options as CLI11 sees them. Values stay text until values.h reads them, so that a bad one is
// refused in words of ours.
struct CommandLine {
    CLI::App app;
    CLI::Option* interface = value("-i");
    CLI::Option* netns = value("--netns");
    CLI::Option* hook = value("--hook");
    CLI::Option* tracing = value("--tracing");
    CLI::Option* output = value("-w");
    CLI::Option* snaplen = value("-s");
    CLI::Option* direction = value("-Q");
    CLI::Option* buffer = value("-B,--buffer");
    CLI::Option* count = value("-c");
    CLI::Option* duration = value("--duration");
    CLI::Option* filter = value("--filter");
    CLI::Option* filter_file = value("-F");
    CLI::Option* list_filter = flag(app, "-d");
    WhoseOptions whose{app};
    CLI::Option* no_process = flag(app, "--no-process");
    CLI::Option* comments = value("--comments");
    CLI::Option* color = value("--color");
    CLI::Option* process_blocks = flag(app, "--process-blocks");
    CLI::Option* list_interfaces = flag(app, "-D");
    CLI::Option* numeric = flag(app, "-n");
    CLI::Option* quiet = flag(app, "-q");
    CLI::Option* verbose = flag(app, "-v");
    CLI::Option* version = flag(app, "--version");
    CLI::Option* help = nullptr;
    CLI::App* doctor = app.add_subcommand("doctor");
    CLI::Option* json = flag(*doctor, "--json");
    CLI::Option* doctor_help = nullptr;
    CLI::App* setup = app.add_subcommand("setup-wireshark");
    CLI::Option* remove = flag(*setup, "--remove");
    CLI::Option* check = flag(*setup, "--check");
    CLI::Option* group = cmd::value(*setup, "--group");
    CLI::Option* setup_help = nullptr;

    CommandLine() {
        for (CLI::App* part : {&app, doctor, setup}) {
            part->set_help_flag();
            part->allow_extras();
        }
        help = flag(app, "-h,--help");
        doctor_help = flag(*doctor, "-h,--help");
        setup_help = flag(*setup, "-h,--help");
    }

  private:
    CLI::Option* value(const std::string& names) { return cmd::value(app, names); }
};

// What is wrong with a name, if anything.
std::optional<Error> check_interface(const std::string& name) {
    if (name.empty() || name.size() > kInterfaceNameMax) {
        return Error{fmt::format("-i {}: no interface has such a name (it has 1 to {} bytes)",
                                 packet::printable(name), kInterfaceNameMax)};
    }
    return std::nullopt;
}

void read_where(const CommandLine& line, OptionReader& reader, Options& options) {
    reader.each(line.interface, [&](const std::string& name) {
        options.interfaces.push_back(name);
        return check_interface(name);
    });
    if (options.interfaces.empty()) {
        options.interfaces.emplace_back("any");
    }
    reader.each(line.netns, [&](const std::string& text) -> std::optional<Error> {
        options.netns.push_back(text);
        return text.empty() ? std::optional(Error{"--netns: the name is empty"}) : std::nullopt;
    });
    using capture::Hook;
    static constexpr std::array<std::pair<std::string_view, Hook>, 3> kHooks{
        {{"tc", Hook::kTc}, {"xdp", Hook::kXdp}, {"cgroup", Hook::kCgroup}}};
    reader.word(line.hook, kHooks, options.hook);
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
    reader.word(line.tracing, kTracings, options.tracing);
    using Sides = std::pair<bool, bool>;
    static constexpr std::array<std::pair<std::string_view, Sides>, 3> kDirections{
        {{"in", {true, false}}, {"out", {false, true}}, {"inout", {true, true}}}};
    Sides sides{options.in, options.out};
    reader.word(line.direction, kDirections, sides);
    std::tie(options.in, options.out) = sides;
}

void read_whose(const CommandLine& line, OptionReader& reader, Options& options) {
    ProcessOptionValues values = line.whose.values();
    values.command = !options.command.empty();
    auto whose = read_process_options(values);
    if (!whose) {
        reader.refuse_if(true, whose.error().message);
        return;
    }
    options.whose = *std::move(whose);
    options.finds_processes = line.no_process->count() == 0;
    const bool asks =
        values.command || !conditions_of(options.whose, std::nullopt).expression.is_always_true();
    reader.refuse_if(!options.finds_processes && asks,
                     "--no-process: no packet would be one of the processes that are asked for");
}

void read_what(const CommandLine& line, OptionReader& reader, Options& options) {
    reader.once(line.output, [&](const std::string& file) -> std::optional<Error> {
        options.output = file;
        return file.empty() ? std::optional(Error{"-w: the file name is empty"}) : std::nullopt;
    });
    const bool zero = line.snaplen->count() == 1 && line.snaplen->results().front() == "0";
    reader.refuse_if(zero, "-s 0: nothing would be left; for whole packets leave -s out");
    reader.number(line.snaplen, 1, PIDCAP_SNAPLEN_MAX, options.snaplen);
    reader.number(line.buffer, 1, kBufferMaxKib, options.buffer_kib);
    using capture::Comments;
    static constexpr std::array<std::pair<std::string_view, Comments>, 4> kComments{
        {{"full", Comments::kFull},
         {"intro", Comments::kIntro},
         {"short", Comments::kShort},
         {"none", Comments::kNone}}};
    reader.word(line.comments, kComments, options.comments);
    options.process_blocks = line.process_blocks->count() > 0;
    const bool shapes_file = options.process_blocks || line.comments->count() > 0;
    reader.refuse_if(shapes_file && !options.output,
                     "--comments and --process-blocks say what goes into a file: add -w FILE");
    if (!options.finds_processes) {
        reader.refuse_if(shapes_file, "--no-process: there is nothing to tell of processes");
        reader.refuse_if(!options.output, "--no-process writes packets only: add -w FILE");
        options.comments = Comments::kNone;
    }
}

// Words that no option took are the filter, as for tcpdump.
void read_which(const CommandLine& line, OptionReader& reader, Options& options) {
    for (const std::string& word : line.app.remaining()) {
        reader.refuse_if(word.starts_with("-r"),  // tcpdump's
                         "-r: no such option; to read a file: pidcap read FILE");
        reader.refuse_if(word.starts_with('-') && word.size() > 1,
                         fmt::format("{}: no such option", packet::printable(word)));
        options.filter += (options.filter.empty() ? "" : " ") + word;
    }
    const auto alone = [&] {
        const bool twice = !options.filter.empty() || options.filter_file;
        return twice ? std::optional(Error{"the filter is given twice: use one of words at the "
                                           "end, --filter and -F"})
                     : std::nullopt;
    };
    reader.once(line.filter, [&](const std::string& text) {
        auto error = alone();
        options.filter += text;
        return error;
    });
    reader.once(line.filter_file, [&](const std::string& file) -> std::optional<Error> {
        auto error = alone();
        options.filter_file = file;
        return file.empty() ? Error{"-F: the file name is empty"} : error;
    });
    options.list_filter = static_cast<int>(line.list_filter->count());
    reader.refuse_if(options.list_filter > 2, "-d: given more than twice");
    reader.refuse_if(options.list_filter > 0 && options.filter.empty() && !options.filter_file,
                     "-d: give the filter that is to be listed");
}

void read_until(const CommandLine& line, OptionReader& reader, Options& options) {
    reader.number(line.count, 1, std::numeric_limits<uint64_t>::max(), options.count);
    reader.once(line.duration, [&](const std::string& text) {
        return store(parse_duration("--duration", text), options.duration);
    });
}

void read_looks(const CommandLine& line, OptionReader& reader, Options& options) {
    reader.word(line.color, packet::kColorModes, options.color);
    options.numeric = line.numeric->count() > 0;
    options.quiet = line.quiet->count() > 0;
    options.verbose = static_cast<int>(line.verbose->count());
}

std::variant<Options, Stop> read_doctor(const CommandLine& line, size_t arguments,
                                        bool has_command) {
    const std::vector<std::string> strays = line.doctor->remaining();
    if (!strays.empty()) {
        return usage_error(fmt::format("doctor {}: doctor takes --json, and nothing else",
                                       packet::printable(strays.front())));
    }
    // Everything else on the line belongs to a capture.
    if (line.doctor->count() > 1 || arguments != 1 + line.json->count() || has_command) {
        return usage_error("doctor takes --json, and nothing else");
    }
    Options options;
    options.action = Options::Action::kDoctor;
    options.json = line.json->count() > 0;
    return options;
}

std::variant<Options, Stop> read_setup(const CommandLine& line, bool has_command) {
    const std::vector<std::string> strays = line.setup->remaining();
    if (!strays.empty()) {
        return usage_error(
            fmt::format("setup-wireshark {}: setup-wireshark takes --remove, "
                        "--check or --group NAME, and nothing else",
                        packet::printable(strays.front())));
    }
    const size_t remove = line.remove->count();
    const size_t check = line.check->count();
    const size_t groups = line.group->count();
    // Everything else on the line belongs to a capture.
    const bool more = !line.app.parse_order().empty() || !line.app.remaining().empty();
    if (more || has_command || line.setup->count() > 1 || remove + check + groups > 1) {
        return usage_error(
            "setup-wireshark takes one of --remove, --check and --group NAME, and nothing else");
    }
    if (groups > 0 && line.group->results().front().empty()) {
        return usage_error("--group: the name is empty");
    }
    Options options;
    options.action = Options::Action::kSetupWireshark;
    if (remove > 0) {
        options.setup = Options::Setup::kRemove;
    } else if (check > 0) {
        options.setup = Options::Setup::kCheck;
    } else if (groups > 0) {
        options.group = line.group->results().front();
    }
    return options;
}

std::variant<Options, Stop> read_capture(const CommandLine& line, Options options) {
    OptionReader reader;
    read_which(line, reader, options);
    read_where(line, reader, options);
    read_whose(line, reader, options);
    read_what(line, reader, options);
    read_until(line, reader, options);
    read_looks(line, reader, options);
    if (reader.error()) {
        return usage_error(reader.error()->message);
    }
    if (options.list_filter > 0) {
        options.action = Options::Action::kListFilter;
    }
    if (line.list_interfaces->count() > 0) {
        options.action = Options::Action::kListInterfaces;
    }
    return options;
}

}  // namespace

std::variant<Options, Stop> parse_options(std::span<const std::string> arguments) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    const bool has_command = end != arguments.end();
    Options options;
    if (has_command) {
        options.command.assign(end + 1, arguments.end());
        if (options.command.empty()) {
            return usage_error("--: no command after it");
        }
    }
    CommandLine line;
    const size_t count = static_cast<size_t>(end - arguments.begin());
    if (auto wrong = parse(line.app, arguments.first(count))) {
        return *wrong;
    }
    if (line.doctor_help->count() > 0) {
        return Stop{kExitDone, std::string(doctor_help_text())};
    }
    if (line.setup_help->count() > 0) {
        return Stop{kExitDone, std::string(setup_help_text())};
    }
    if (line.help->count() > 0) {
        return Stop{kExitDone, std::string(help_text())};
    }
    if (line.version->count() > 0) {
        return Stop{kExitDone, version_text()};
    }
    if (line.doctor->count() > 0) {
        return read_doctor(line, count, has_command);
    }
    if (line.setup->count() > 0) {
        return read_setup(line, has_command);
    }
    return read_capture(line, std::move(options));
}

}  // namespace cmd
