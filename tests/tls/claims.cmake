# SPDX-License-Identifier: GPL-2.0-only
# What tests/tls/check shows, a test each. `check` refuses a name that it doesn't know.
set(tls_claims
    "each file of a rotation is in clear by itself"
    "each file of a trigger is in clear by itself, the time before it and after it"
    "a resumed session of TLS 1.3 is in clear"
    "a resumed session of TLS 1.2 is in clear"
    "early data of TLS 1.3 is in clear"
    "what comes behind a KeyUpdate is in clear"
    "a connection with a HelloRetryRequest is in clear"
    "a client's certificate is in clear"
    "DTLS 1.2 is in clear"
    "a client that pauses for 0.2 s in its handshake is in clear"
    "a client that pauses for 2 s in its handshake is in clear: packets wait for it"
    "of a client that pauses for longer than --tls-wait the secrets that are too late are counted"
    "secrets that came too late are put in front by pidcap extract"
    "a client that pauses for 7 s is in clear with --tls-wait 10s"
    "without --tls-keys no secret is in the file"
    "of a process that isn't selected no secret is in the file"
    "of a connection that the packet filter leaves out no secret is in the file"
    "of a connection at another interface no secret is in the file"
    "a user of Wireshark's group gets the keys of his own processes, and of nobody else's"
    "only the owner may read a file with keys, whatever the umask"
    "a file that others may read is refused, and stays as it was"
    "nothing that is printed has a secret, and no process leaves a core dump"
    "a key log of its own has the lines of the file, and does without one"
    "the first program that uses an installed library has its keys with its first connection"
    "a library that was deleted before the capture has its keys in the file"
    "a library that is upgraded during the capture has its keys in the file, the old one and the new"
    "a library that is overwritten in place loses its probe, which would break its other content"
    "a mapped file without end costs the other programs' keys a few seconds at most"
    "the first connection of a command that is Go has its keys in the file"
    "a program that writes a key log of its own has each line once in the file"
    "a connection that is older than the capture stays closed, and later ones are in clear"
    "without a connection it is said that there was none")
# These load the machine, or look at all programs in the kernel, or at what any process passes: --tls-plaintext knows no
# network namespaces.
set(tls_claims_alone
    "after SIGINT no probe, program or process is left"
    "after SIGKILL no probe, program or process is left, and the file is read up to there"
    "with 60 probed files a capture ends in less than the time of one detachment after the other"
    "500 connections at once are in clear, and none of their secrets is lost"
    "a program in a chroot that ends at once has its keys in the file, once it is known"
    "a program in a container on an overlay has its keys in the file, once it is known, and one probe for all containers"
    "of an older connection of TLS 1.3, nginx and s_client have passed what is recorded"
    "of an older connection of TLS 1.3, nginx and Python have passed what is recorded"
    "of an older connection of TLS 1.3, two nodes have passed what is recorded"
    "of an older connection of TLS 1.3, gnutls-cli and gnutls-serv have passed what is recorded"
    "of an older connection of TLS 1.2, nginx and s_client have passed what is recorded"
    "of an older connection of TLS 1.2, nginx and Python have passed what is recorded"
    "of an older connection of TLS 1.2, two nodes have passed what is recorded"
    "of an older connection of TLS 1.2, gnutls-cli and gnutls-serv have passed what is recorded"
    "of an older connection, a stripped Go server has passed what is recorded, but for the call that waited"
    "of an older connection, a stripped Go client has passed what is recorded"
    "of an older connection, OpenSSL of other suites and machines has passed what is recorded"
    "of an older connection of TLS 1.3, nginx and tstclnt have passed what is recorded"
    "of an older connection of TLS 1.2, nginx and tstclnt have passed what is recorded"
    "each way to pass bytes through NSS is recorded once, and a look at them isn't"
    "Firefox has passed what is recorded"
    "of an older connection, a stripped program with an OpenSSL in it has passed by SSL_read and SSL_write what is recorded"
    "of an older connection, a stripped program with an OpenSSL in it has passed by SSL_read_ex and SSL_write_ex what is recorded"
    "of a call that passes more than 256 KiB the rest is counted"
    "what GnuTLS keeps back and sends later is recorded once"
    "of TLS in TLS, both connections' plaintext is recorded, each once"
    "of a process that isn't selected no plaintext is in the file, nor of anyone without --tls-plaintext"
    "pidcap extract --without-keys leaves plaintext out, and the file says that it has it"
    "a file that others may read is refused for plaintext, and stays as it was"
    "keys and plaintext of the same connection are both in the file"
    "a capture of plaintext sleeps when it has heard of a library that it can't use")
foreach(claim ${tls_claims} ${tls_claims_alone})
    add_test(NAME "kernel: tls: ${claim}"
             COMMAND tls/check --pidcap $<TARGET_FILE:pidcap> --output ${CMAKE_BINARY_DIR}/tls ${claim}
             WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set_tests_properties("kernel: tls: ${claim}" PROPERTIES LABELS kernel SKIP_RETURN_CODE 4)
endforeach()
foreach(claim ${tls_claims_alone})
    set_tests_properties("kernel: tls: ${claim}" PROPERTIES RUN_SERIAL TRUE)
endforeach()
